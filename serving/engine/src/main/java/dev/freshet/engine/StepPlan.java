package dev.freshet.engine;

import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Plans one step: goes through the sequences in the order of service, starts waiting ones at their
 * place, and gives each its tokens and KV blocks. {@link Scheduler} has the rules.
 */
final class StepPlan {
  /** At least this part of a step's tokens is for prompts. */
  private static final int PROMPT_SHARE = 4;

  /** For so many decoding sequences a block stays free when a sequence is admitted. */
  private static final int DECODING_PER_RESERVED_BLOCK = 4;

  private static final Comparator<Chunk> BY_ADAPTER =
      Comparator.comparingLong(chunk -> chunk.sequence().adapterId());

  /**
   * What steps are planned for.
   *
   * @param copy copies KV blocks, at once
   * @param stepTokens the tokens of a step
   */
  record Parts(
      KvBlocks blocks,
      Running running,
      AdmissionQueue admission,
      BlockTable.Copy copy,
      EngineMetrics metrics,
      int stepTokens) {}

  private final KvBlocks blocks;
  private final Running running;
  private final AdmissionQueue admission;
  private final BlockTable.Copy copy;
  private final EngineMetrics metrics;
  private final boolean decodes;
  private final boolean admits;
  private final boolean lackedBefore;
  private final List<Chunk> chunks = new ArrayList<>();

  /** The sequences whose blocks the plan has changed. */
  private final Set<Sequence> touched = new LinkedHashSet<>();

  /** Tokens left for prompts. */
  private int left;

  /** Blocks that may not be taken for another sequence. */
  private int reserved;

  /** Whether a sequence did not get the blocks that it needs, so none is admitted after it. */
  private boolean lacking;

  /**
   * Plans a step.
   *
   * @param decodes whether running sequences may get their next token
   * @param admits whether waiting sequences may start
   * @param lackedBefore whether {@link #isLacking} held for the plan before
   */
  StepPlan(Parts parts, boolean decodes, boolean admits, boolean lackedBefore) {
    this.blocks = parts.blocks();
    this.running = parts.running();
    this.admission = parts.admission();
    this.copy = parts.copy();
    this.metrics = parts.metrics();
    this.decodes = decodes;
    this.admits = admits;
    this.lackedBefore = lackedBefore;
    measure(parts.stepTokens());
    if (!planAlone()) {
      planAll();
    }
    // Stable: of one adapter, a chunk stays behind those whose blocks it reads.
    chunks.sort(BY_ADAPTER);
  }

  /** What the step computes; the chunks of one adapter lie side by side. */
  List<Chunk> chunks() {
    return Collections.unmodifiableList(chunks);
  }

  /** The sequences whose blocks the plan has changed. */
  Set<Sequence> touched() {
    return Collections.unmodifiableSet(touched);
  }

  /** Whether a sequence did not get the blocks that it needs. */
  boolean isLacking() {
    return lacking;
  }

  /** Computes what is left for prompts and what is reserved. */
  private void measure(int stepTokens) {
    int decoding = 0;
    reserved = 0;
    for (Sequence sequence : running.all()) {
      if (sequence.isDecoding()) {
        decoding++;
      } else if (sequence.isAdmitted()) {
        reserved += missing(sequence);
      }
    }
    reserved += Math.ceilDiv(decoding, DECODING_PER_RESERVED_BLOCK);
    left = Math.max(stepTokens - (decodes ? decoding : 0), Math.ceilDiv(stepTokens, PROMPT_SHARE));
  }

  /** Blocks that a sequence needs for its known tokens and does not have. */
  private int missing(Sequence sequence) {
    return blocks.blocksFor(sequence.length()) - sequence.table().count();
  }

  /** Plans a step of one sequence that must be alone in a step, if there is one. */
  private boolean planAlone() {
    for (int i = 0; i < running.size() && chunks.isEmpty(); i++) {
      if (running.all().get(i).isAlone()) {
        plan(i);
      }
    }
    return !chunks.isEmpty();
  }

  private void planAll() {
    for (int i = 0; ; i++) {
      Optional<Sequence> next = waitingBefore(i);
      while (next.isPresent() && !start(next.get(), i)) {
        next = waitingBefore(i);
      }
      if (i == running.size()) {
        return;
      }
      plan(i);
    }
  }

  /** The next waiting sequence, if it may be admitted and comes before the one at {@code index}. */
  private Optional<Sequence> waitingBefore(int index) {
    return admits && admission.waiting() > 0 && mayAdmit()
        ? admission.first().filter(next -> precedes(next, index))
        : Optional.empty();
  }

  private boolean mayAdmit() {
    return left > 0 && !lacking && running.freePlaces() > 0;
  }

  private boolean precedes(Sequence sequence, int index) {
    return index == running.size()
        || Sequence.ORDER.compare(sequence, running.all().get(index)) < 0;
  }

  /** Starts a waiting sequence as the one at {@code index}, unless it lacks blocks or has left. */
  private boolean start(Sequence sequence, int index) {
    if (!admit(sequence)) {
      return false;
    }
    if (!admission.take(sequence)) {
      running.withdraw(sequence);
      return false;
    }
    running.add(index, sequence);
    return true;
  }

  /** Gives a sequence a place and the blocks of the index that it can share. */
  private boolean admit(Sequence sequence) {
    int shared = share(sequence);
    if (blocks.available() - reserved < missing(sequence)) {
      lacking = true;
      running.withdraw(sequence);
      return false;
    }
    reserved += missing(sequence);
    running.admit(sequence);
    metrics.prefixHit(shared);
    return true;
  }

  private int share(Sequence sequence) {
    int before = sequence.computed();
    touched.add(sequence);
    if (sequence.reportsPrompt()) {
      return 0; // Every token of the prompt must be computed.
    }
    sequence.shared(sequence.table().share(blocks, sequence, before, sequence.length() - 1));
    return sequence.computed() - before;
  }

  /** Plans the part of the sequence at {@code index}. */
  private void plan(int index) {
    Sequence sequence = running.all().get(index);
    if (!sequence.isAdmitted() && !(mayAdmit() && admit(sequence))) {
      return;
    }
    if (sequence.isDecoding()) {
      if (decodes) {
        compute(index, 1);
      }
    } else if (left > 0) {
      reserved -= missing(sequence);
      metrics.prefixHit(share(sequence) + copied(sequence));
      left -= compute(index, promptTokens(index));
      reserved += missing(sequence);
    }
  }

  private int copied(Sequence sequence) {
    int before = sequence.computed();
    if (sequence.reportsPrompt()) {
      return 0;
    }
    sequence.shared(sequence.table().copy(blocks, sequence, before, sequence.length() - 1, copy));
    return sequence.computed() - before;
  }

  /** How many tokens of a prompt, or of a sequence to rebuild, the step computes. */
  private int promptTokens(int index) {
    Sequence sequence = running.all().get(index);
    int end = sequence.generated() > 0 && !decodes ? sequence.length() - 1 : sequence.length();
    int wanted = end - sequence.computed();
    if (wanted <= left) {
      return wanted;
    }
    int behind = tokensBehind(index);
    int tokens = Math.max(Math.ceilDiv(left, 2), left - behind);
    int aligned = (sequence.computed() + tokens) / blocks.blockTokens() * blocks.blockTokens();
    // Whole blocks, so that the next part begins with a block that another sequence may compute.
    return behind > 0 && aligned > sequence.computed() ? aligned - sequence.computed() : tokens;
  }

  /** How many tokens sequences after {@code index} of the same priority want, at most all left. */
  private int tokensBehind(int index) {
    long priority = running.all().get(index).priority();
    long wanted = 0;
    for (int i = index + 1; i < running.size() && wanted < left; i++) {
      Sequence other = running.all().get(i);
      if (other.priority() > priority) {
        break;
      }
      wanted += other.isDecoding() ? 0 : other.length() - other.computed();
    }
    if (admits && !lackedBefore && wanted < left) {
      wanted += admission.tokens(priority, running.freePlaces(), left);
    }
    return (int) Math.min(wanted, left);
  }

  /**
   * Adds the next {@code tokens} tokens of a sequence to the step, or as many as there are blocks
   * for; returns how many.
   */
  private int compute(int index, int tokens) {
    Sequence sequence = running.all().get(index);
    int start = sequence.computed();
    touched.add(sequence);
    int held = sequence.table().grow(blocks, start + tokens);
    while (held < start + tokens && running.preemptAfter(index)) {
      metrics.preempted();
      held = sequence.table().grow(blocks, start + tokens);
    }
    lacking |= held < start + tokens;
    if (held > start) {
      chunks.add(new Chunk(sequence, start, held - start));
      sequence.table().index(blocks, sequence, held);
    }
    return Math.max(0, held - start);
  }
}
