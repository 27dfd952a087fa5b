package dev.freshet.engine;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Takes the steps of the decode loop. A step prefills at most {@code prefillTokens} tokens, or
 * decodes one token of every running sequence, so its length is bounded whatever is asked. Neither
 * kind of step starves the other. A step that fails ends the sequences of that step with an error.
 * Confined to the loop's thread.
 */
final class Steps {
  private static final Logger LOG = LoggerFactory.getLogger(Steps.class);

  private final ModelRunner<?> runner;
  private final Slots slots;
  private final AdmissionQueue admission;
  private final Gate<?> gate;
  private final Outgoing outgoing;
  private final StepMeter meter;
  private final int prefillTokens;

  /** Whether the step before this one was a prefill, so that a decode step is next. */
  private boolean prefilledLast;

  /** Whether the last prefill was a part of a long prompt, so that other prompts are next. */
  private boolean extendedLast;

  private int failuresInARow;

  Steps(
      ModelRunner<?> runner,
      Slots slots,
      AdmissionQueue admission,
      Gate<?> gate,
      Outgoing outgoing,
      StepMeter meter,
      int prefillTokens) {
    this.runner = runner;
    this.slots = slots;
    this.admission = admission;
    this.gate = gate;
    this.outgoing = outgoing;
    this.meter = meter;
    this.prefillTokens = prefillTokens;
  }

  /** Whether an admitted sequence may take a step. */
  boolean possible() {
    return !slots.isEmpty() && gate.steps();
  }

  /** Nanoseconds until the next step of an admitted sequence is due. */
  long dueNanos() {
    if (!possible()) {
      return Long.MAX_VALUE;
    }
    return slots.partial().isPresent() ? 0 : runner.waitNanos();
  }

  /** How many steps have failed since one succeeded. */
  int failuresInARow() {
    return failuresInARow;
  }

  /**
   * Takes one step, if there is one to take. After a prefill a decode step is next if one is due,
   * so prompts that keep arriving hold up no running sequence for longer than one prefill.
   */
  void take() {
    boolean decodes = gate.steps() && !slots.decoding().isEmpty() && runner.waitNanos() <= 0;
    if (decodes && prefilledLast) {
      decode();
    } else if (!prefill() && decodes) {
      decode();
    }
  }

  private void decode() {
    prefilledLast = false;
    meter.begin();
    List<Sampler.Sample> samples;
    try {
      samples = runner.decode(slots.decoding());
    } catch (RuntimeException e) {
      failed(0, e);
      return;
    }
    meter.decoded();
    emit(0, samples);
  }

  /**
   * Prefills the longest waiting prompts, or a part of a long prompt; in turn, if there are both,
   * so that neither waits for all of the other. Returns false if there is nothing to prefill.
   */
  private boolean prefill() {
    boolean extendable = slots.partial().isPresent() && gate.steps();
    if (extendable && !extendedLast) {
      extend();
      return true;
    }
    List<Sequence> fresh =
        gate.admits()
            ? admission.take(slots.free(), prefillTokens, slots.partial().isEmpty())
            : List.of();
    if (fresh.isEmpty()) {
      if (extendable) {
        extend();
      }
      return extendable;
    }
    if (fresh.getFirst().promptLength() > prefillTokens) {
      slots.addPartial(fresh.getFirst());
      extend();
    } else {
      prefill(fresh);
    }
    return true;
  }

  private void prefill(List<Sequence> fresh) {
    prefilledLast = true;
    extendedLast = false;
    int first = slots.decoding().size();
    slots.add(fresh);
    meter.begin();
    List<Sampler.Sample> samples;
    try {
      samples = runner.prefill(fresh, first);
    } catch (RuntimeException e) {
      failed(first, e);
      return;
    }
    meter.prefilled(fresh.stream().mapToLong(Sequence::promptLength).sum());
    emit(first, samples);
  }

  /** Prefills a part of a long prompt, whose sequence decodes once it is complete. */
  private void extend() {
    prefilledLast = true;
    extendedLast = true;
    Sequence sequence = slots.partial().orElseThrow();
    int before = sequence.cached();
    meter.begin();
    Optional<Sampler.Sample> sample;
    try {
      sample = runner.extend(sequence, slots.partialSlot(), prefillTokens);
    } catch (RuntimeException e) {
      countFailure(1, e);
      outgoing.end(sequence, FinishReason.ERROR, runner.version());
      slots.removePartial();
      return;
    }
    meter.prefilled(sequence.cached() - before);
    failuresInARow = 0;
    if (sample.isPresent()) {
      slots.completePartial();
      emit(slots.decoding().size() - 1, List.of(sample.get()));
    }
  }

  /**
   * Queues the tokens of the sequences in the slots from {@code first} on for delivery and removes
   * the sequences that end.
   */
  private void emit(int first, List<Sampler.Sample> samples) {
    failuresInARow = 0;
    List<Sequence> rows = slots.decoding().subList(first, first + samples.size());
    List<Optional<FinishReason>> ends = new ArrayList<>(samples.size());
    int failed = 0;
    for (int row = 0; row < samples.size(); row++) {
      Sequence sequence = rows.get(row);
      Sampler.Sample sample = samples.get(row);
      if (Float.isNaN(sample.logprob())) {
        failed++;
        outgoing.end(sequence, FinishReason.ERROR, runner.version());
        ends.add(Optional.of(FinishReason.ERROR));
        continue;
      }
      Optional<FinishReason> finish = sequence.append(sample.token());
      meter.token(sequence);
      ends.add(finish);
      outgoing.add(
          sequence,
          new TokenEvent(
              sequence, sample.token(), sample.logprob(), runner.version(), sample.top(), finish));
    }
    meter.end();
    if (failed > 0) {
      LOG.error(
          "version {} computes NaN logits: ending {} completions with an error",
          runner.version(),
          failed);
    }
    for (int row = samples.size() - 1; row >= 0; row--) {
      Optional<FinishReason> finish = ends.get(row);
      if (finish.isPresent()) {
        if (finish.get() == FinishReason.ERROR) {
          slots.removeFailed(first + row);
        } else {
          slots.remove(first + row);
        }
      }
    }
  }

  /** Ends the sequences in the slots from {@code first} on, whose step failed. */
  private void failed(int first, RuntimeException e) {
    countFailure(slots.decoding().size() - first, e);
    for (int slot = slots.decoding().size() - 1; slot >= first; slot--) {
      outgoing.end(slots.decoding().get(slot), FinishReason.ERROR, runner.version());
      slots.removeFailed(slot);
    }
  }

  private void countFailure(int sequences, RuntimeException e) {
    failuresInARow++;
    LOG.error("a step of {} sequences failed; ending them with an error", sequences, e);
  }

  /** Ends all admitted sequences with an error, because work for all of them failed. */
  void failAll(RuntimeException e) {
    countFailure(slots.size(), e);
    endAll(FinishReason.ERROR);
  }

  /** Ends all admitted sequences. */
  void endAll(FinishReason reason) {
    slots.all().forEach(sequence -> outgoing.end(sequence, reason, runner.version()));
    slots.removeAll();
  }
}
