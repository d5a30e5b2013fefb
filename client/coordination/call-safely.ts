/** As EventTarget does it: what a listener throws is the process's to handle, and whoever calls it goes on. */
export function callSafely(call: () => void): void {
  try {
    call();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
