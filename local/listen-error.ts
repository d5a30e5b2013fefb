import { CommandError } from "./command-error.ts";

/** What `error` means for who asked for a port by an option. */
export function listenError(
  error: unknown,
  { host, port, option }: { readonly host: string; readonly port: number; readonly option: string },
): CommandError {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Readonly<Record<string, string>> = {
    EADDRINUSE: `port ${port} is taken; choose another with ${option}`,
    EACCES: `port ${port} is not for ordinary users; choose one above 1023 with ${option}`,
    EADDRNOTAVAIL: `${host} is no address of this machine`,
    ENOTFOUND: `there is no host ${host}`,
  };
  return new CommandError(`cannot listen on ${host}:${port}: ${reasons[code ?? ""] ?? message}`, { cause: error });
}
