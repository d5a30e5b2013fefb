/** What is wrong with a part of a request, by Kafka's number; only where no service says so. */
export class RequestProblem extends Error {
  override readonly name = "RequestProblem";
  readonly errorCode: number;

  constructor(errorCode: number, message: string) {
    super(message);
    this.errorCode = errorCode;
  }
}
