/** What the adapter takes of the Scheduler client, in one place: a bundle keeps it in a file of its own, loaded when it is needed. */
export { ConflictException, CreateScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
