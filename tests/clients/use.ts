// Compiled against the generated types, with --strict: what a program of somebody else's writes.
import type { components, operations } from "./api";

type Login = operations["login"]["requestBody"]["content"]["application/json"];
type Tokens = operations["login"]["responses"][200]["content"]["application/json"]["data"];
type Events = operations["list_events"]["responses"][200]["content"]["application/json"]["data"];
type Guests = operations["list_participants"]["responses"][200]["content"]["application/json"]["data"];
type CheckedIn = operations["check_in"]["responses"][200]["content"]["application/json"]["data"];
type Refusal = components["schemas"]["Refusal"];

export const credentials: Login = { email: "maja@example.org", password: "three random words" };

export function bearer(tokens: Tokens): string {
  return `Bearer ${tokens.access}`;
}

export function titles(page: Events): string[] {
  return page.results.map((event) => event.title);
}

export function addresses(guests: Guests): string[] {
  const rows = Array.isArray(guests) ? guests : guests.results;
  return rows.map((guest) => `${guest.user_first_name} <${guest.user_email}>`);
}

export function words(answer: CheckedIn | Refusal): string {
  return answer.detail;
}
