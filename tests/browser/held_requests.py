"""Requests that a browser test holds back, as a slow network does."""


class HeldRequests:
    """Holds the requests to an address until they are released."""

    def __init__(self, page, address, method):
        self.page, self.method, self.waiting, self.holds = page, method, [], True
        page.route(address, self.hold)

    def hold(self, route):
        if self.holds and route.request.method == self.method:
            self.waiting.append(route)
        else:
            route.continue_()

    def wait(self, number=1):
        for _ in range(200):
            if len(self.waiting) >= number:
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"{len(self.waiting)} of {number} requests came")

    def release(self):
        self.holds = False
        while self.waiting:
            self.waiting.pop(0).continue_()
