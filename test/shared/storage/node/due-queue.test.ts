import fc from "fast-check";
import { expect, test } from "vitest";
import { type Due, DueQueue } from "../../../../shared/storage/node/due-queue.ts";

interface Named extends Due {
  readonly name: number;
}

const steps = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant("add" as const), atMs: fc.nat(50) }),
    fc.record({ kind: fc.constant("bring" as const), which: fc.nat(40), byMs: fc.nat(50) }),
    fc.record({ kind: fc.constant("remove" as const) }),
  ),
  { maxLength: 200 },
);

test("gives what is due first, whatever was added and brought forward", () => {
  fc.assert(
    fc.property(steps, (list) => {
      const queue = new DueQueue<Named>();
      const model: Named[] = [];
      let name = 0;
      for (const step of list) {
        const which = step.kind === "bring" ? model[step.which % Math.max(1, model.length)] : undefined;
        if (step.kind === "add") {
          const entry = { name: (name += 1), dueAtMs: step.atMs, place: 0 };
          model.push(entry);
          queue.add(entry);
        } else if (step.kind === "bring") {
          if (which !== undefined) queue.bringForward(which, which.dueAtMs - step.byMs);
        } else {
          const removed = queue.removeFirst();
          if (removed === undefined) expect(model).toEqual([]);
          else {
            expect(removed.dueAtMs).toBe(Math.min(...model.map(({ dueAtMs }) => dueAtMs)));
            expect(model).toContain(removed);
            model.splice(model.indexOf(removed), 1);
          }
        }
        expect(queue.first?.dueAtMs).toBe(
          model.length === 0 ? undefined : Math.min(...model.map(({ dueAtMs }) => dueAtMs)),
        );
      }
      queue.clear();
      expect(queue.first).toBeUndefined();
    }),
  );
});
