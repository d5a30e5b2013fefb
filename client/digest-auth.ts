/** A user of ZooKeeper's scheme `digest`. */
export interface DigestAuth {
  readonly user: string;
  readonly password: string;
}
