/** Stands in a function's bundle for the cache of discovered endpoints: the SDK makes one, and DynamoDB's are not discovered. */
class NoCache {
  has(): boolean {
    return false;
  }
}

export { NoCache as default };
