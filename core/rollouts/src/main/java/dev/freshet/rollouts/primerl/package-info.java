/**
 * The batches that prime-rl's trainer reads: rollouts packed into micro-batches, the same number
 * for every rank, as MessagePack in files or as messages.
 */
@NullMarked
package dev.freshet.rollouts.primerl;

import org.jspecify.annotations.NullMarked;
