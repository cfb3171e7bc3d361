"""Who receives an event's frames: the part of a live socket that is the same on every server."""

import asyncio

from events.live.frames import Frame

# Close codes: the event is not, or no longer, visible; a binary frame came; too many frames came.
CLOSE_NOT_FOUND = 4404
CLOSE_BINARY, CLOSE_TOO_MANY = 1003, 1008
# A client has nothing to say. A few small frames, pings included, are ignored.
FRAMES_PER_WINDOW = 40
WINDOW_SECONDS = 10.0


class Subscriber:
    """Receives the frames of one event. A slow one skips to the newest and delays nobody.

    A subclass says how a frame is sent (`deliver`) and how the socket is closed when the event is
    deleted (`close_not_found`); both must return at once.
    """

    # The network that it connects from (`core.addresses.client_network`); empty when unknown.
    network = ""
    # How many frames the client sent in this window of time, and when the window ends.
    frames_received, window_ends = 0, 0.0

    # The newest frame it was offered, and the one to deliver when it takes frames again.
    newest: Frame | None = None
    postponed: Frame | None = None
    is_paused = False

    def offer(self, frame: Frame, *, repeat: bool) -> None:
        """Deliver the frame now or after the pause; with `repeat` also if its counts are known."""
        if repeat or self.newest is None or frame.counts != self.newest.counts:
            self.newest = frame
            if self.is_paused:
                self.postponed = frame
            else:
                self.deliver(frame)

    def pause(self) -> None:
        """Deliver nothing until `resume`."""
        self.is_paused = True

    def resume(self) -> None:
        """Deliver the newest frame that was offered meanwhile, if there was one."""
        self.is_paused = False
        frame, self.postponed = self.postponed, None
        if frame is not None:
            self.deliver(frame)

    def exceeds_frame_limit(self) -> bool:
        """Count a frame that the client sent; whether there were too many of late."""
        now = asyncio.get_running_loop().time()
        if now > self.window_ends:
            self.frames_received, self.window_ends = 0, now + WINDOW_SECONDS
        self.frames_received += 1
        return self.frames_received > FRAMES_PER_WINDOW

    def deliver(self, frame: Frame) -> None:
        """Send the frame to the client."""
        raise NotImplementedError

    def close_not_found(self) -> None:
        """Close the connection, because the event was deleted."""
        raise NotImplementedError
