/** What the adapter takes of the S3 client, in one place: a bundle keeps it in a file of its own, loaded when it is needed. */
export {
  DeleteObjectsCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  NoSuchKey,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from "@aws-sdk/client-s3";
