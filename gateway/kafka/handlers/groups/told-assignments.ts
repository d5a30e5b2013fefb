import { toldMembersMax } from "../../../../shared/limits/kafka-groups.ts";

/** What members were told last of their assignments, so that they are told only what has changed (KIP-848). */
export class ToldAssignments {
  /** Least recently heard first. */
  readonly #told = new Map<string, string>();

  /** True if this gateway has not told the member just that. */
  tell(group: string, memberId: string, assignment: string): boolean {
    const id = idOf(group, memberId);
    const isNew = this.#told.get(id) !== assignment;
    this.#told.delete(id);
    this.#told.set(id, assignment);
    for (const [oldest] of this.#told) {
      if (this.#told.size <= toldMembersMax) break;
      this.#told.delete(oldest);
    }
    return isNew;
  }

  forget(group: string, memberId: string): void {
    this.#told.delete(idOf(group, memberId));
  }
}

/** No group's id has a slash. */
function idOf(group: string, memberId: string): string {
  return `${group}/${memberId}`;
}
