/** What the adapter takes of the SQS client, in one place: a bundle keeps it in a file of its own, loaded when it is needed. */
export { SendMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
