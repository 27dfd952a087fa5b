package dev.freshet.fleet;

/**
 * What a fleet thought of a replica when it asked it something. The answer tells something about
 * the replica only while its revision is the same: an update, a pause or a resume that began since
 * may be what the answer shows.
 *
 * @param version the version that it was last known to serve; −1 if it was never known
 * @param revision of the replica, see {@link ReplicaLife#revision}
 * @param commits how many updates of the fleet were committed
 */
record Asked(ReplicaState state, long version, long revision, long commits) {}
