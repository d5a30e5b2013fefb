/** Prints for whoever started a server; one who reads no further (`| head`) does not end it. */
export function printer({ quiet }: { readonly quiet: boolean }): (text: string) => void {
  process.stdout.on("error", ignoreClosed);
  return (text) => {
    if (!quiet) process.stdout.write(text);
  };
}

function ignoreClosed(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}
