package dev.freshet.engine;

import java.util.List;
import java.util.Optional;

/**
 * Plans steps: which tokens of which sequences the next batch computes, and in which KV blocks.
 * Confined to the loop's thread.
 *
 * <p>A step has one token of every sequence that decodes, and parts of prompts. Prompts get what
 * the decoding sequences leave of the step's tokens, and at least a quarter, so neither starves the
 * other. Sequences are served by priority, then by arrival. A prompt that does not fit takes what
 * those behind it with its priority leave, and at least half, so that a short one does not wait for
 * all of a long one.
 *
 * <p>A sequence is admitted when blocks for all its known tokens are free, besides those that
 * admitted prompts still need and a reserve for those that decode. If a sequence then finds no free
 * block, the last in the order of service loses its own; the first one never does. A sequence that
 * lost its blocks is rebuilt from its tokens when its turn comes again. One that finds none to take
 * waits with what it has.
 */
final class Scheduler {
  private final StepPlan.Parts parts;
  private final KvBlocks blocks;
  private final Running running;
  private final EngineMetrics metrics;

  /** The plan of the step that is taken, or was taken last. */
  private Optional<StepPlan> planned = Optional.empty();

  Scheduler(StepPlan.Parts parts) {
    this.parts = parts;
    this.blocks = parts.blocks();
    this.running = parts.running();
    this.metrics = parts.metrics();
  }

  /** Whether a sequence has tokens to compute before its next one is due. */
  boolean hasPrompts() {
    return running.all().stream().anyMatch(sequence -> !sequence.isDecoding());
  }

  /**
   * Plans the next step. {@link #taken} or {@link #failed} must follow.
   *
   * @param decodes whether running sequences may get their next token
   * @param admits whether waiting sequences may start
   */
  List<Chunk> plan(boolean decodes, boolean admits) {
    boolean lackedBefore = planned.map(StepPlan::isLacking).orElse(false);
    StepPlan plan = new StepPlan(parts, decodes, admits, lackedBefore);
    planned = Optional.of(plan);
    return plan.chunks();
  }

  /** The step was taken: its tokens are in their blocks. */
  void taken() {
    blocks.stepTaken();
    StepPlan plan = planned.orElseThrow();
    plan.touched().forEach(sequence -> sequence.settled(sequence.computed()));
    for (Chunk chunk : plan.chunks()) {
      Sequence sequence = chunk.sequence();
      int fresh = Math.max(chunk.start(), sequence.furthest());
      metrics.computed(
          Math.max(0, Math.min(chunk.end(), sequence.promptLength()) - fresh),
          Math.max(0, Math.min(chunk.end(), fresh) - chunk.start()));
      sequence.settled(chunk.end());
      sequence.alone(false);
    }
  }

  /**
   * The step failed, or its plan: its sequences have the tokens and blocks that they had before.
   */
  void failed() {
    blocks.stepFailed();
    planned.ifPresent(
        plan -> {
          for (Sequence sequence : plan.touched()) {
            sequence.unsettled();
            sequence.table().truncate(blocks, sequence.computed());
          }
          plan.chunks().forEach(chunk -> chunk.sequence().alone(true));
        });
  }

  /** Takes the blocks of a sequence whose logits are not finite out of the index. */
  void distrust(Sequence sequence) {
    sequence.table().forget(blocks);
  }

  /**
   * A new version serves. Blocks of the version before are not shared any more.
   *
   * @param rebuild whether keys and values of running sequences are computed again
   */
  void newVersion(boolean rebuild) {
    blocks.clearIndex();
    if (rebuild) {
      running.withdrawAll();
    } else {
      running.newVersion();
    }
  }
}
