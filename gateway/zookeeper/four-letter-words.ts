/** Commands of four letters, instead of a first frame (`FourLetterCommands`). */
import type { Gateway } from "./gateway.ts";

type Answer = (gateway: Gateway) => string;

const commands: Readonly<Record<string, Answer>> = {
  ruok: () => "imok",
};

/** What to answer, after which the connection ends; undefined where the bytes are no command. */
export function answerFourLetterWord(word: string, gateway: Gateway): string | undefined {
  return Object.hasOwn(commands, word) ? commands[word]?.(gateway) : undefined;
}
