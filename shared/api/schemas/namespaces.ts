import * as z from "zod";
import { count, namespaceName, nextToken } from "./common.ts";

export const createNamespaceBody = z.strictObject({ name: namespaceName });

export const namespaceAnswer = z.object({ name: z.string(), createdAtMs: count }).meta({ id: "Namespace" });

export const listNamespacesAnswer = z.object({ namespaces: z.array(namespaceAnswer), nextToken });

export type NamespaceAnswer = z.infer<typeof namespaceAnswer>;
export type ListNamespacesAnswer = z.infer<typeof listNamespacesAnswer>;
