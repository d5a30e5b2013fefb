import { S3Client } from "./s3-sdk.ts";
import { s3RequestMsMax } from "../../limits.ts";
import { type ClientOptions, clientConfiguration, sendOver } from "./client-options.ts";
import { HttpConnections } from "./http-connections.ts";

/**
 * A client with this adapter's time-outs that sends each request once.
 *
 * The body of a put is signed with its SHA-256, so S3 checks it as it is; the checksum trailers that newer SDKs add are
 * left out, since many S3-compatible stores do not read them.
 */
export function createS3Client(options: ClientOptions & { readonly pathStyle: boolean }): S3Client {
  const connections = new HttpConnections(options.clock);
  const client = new S3Client({
    ...clientConfiguration(options, connections, s3RequestMsMax),
    forcePathStyle: options.pathStyle,
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
    // Asking first whether a body is welcome would add a round trip to every put.
    expectContinueHeader: false,
  });
  sendOver(connections, client);
  return client;
}
