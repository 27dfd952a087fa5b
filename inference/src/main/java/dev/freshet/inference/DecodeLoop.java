package dev.freshet.inference;

import dev.freshet.model.KvCache;
import dev.freshet.model.Torch;
import dev.freshet.trace.MonotonicClock;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The engine's thread: continuous batching. Every turn first exchanges the weights if new ones are
 * offered, then prefills what was admitted, or else takes one decode step for all running
 * sequences, and hands the tokens out, each stamped with the version of the weights that made it.
 * Slot i of the KV cache belongs to running sequence i.
 */
final class DecodeLoop implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger(DecodeLoop.class);

  private final EngineOptions options;
  private final KvCache cache;
  private final AdmissionQueue admission;
  private final WeightSwap swap;
  private final MonotonicClock clock;
  private final Consumer<VersionedModel> onSwapped;
  private final List<Sequence> running = new ArrayList<>();
  private final IdentityHashMap<Outlet, List<TokenEvent>> outgoing = new IdentityHashMap<>();
  private VersionedModel model;

  /**
   * The loop owns {@code model} and every model swapped in after it, until it hands it back, and
   * the cache.
   */
  DecodeLoop(
      VersionedModel model,
      KvCache cache,
      EngineOptions options,
      AdmissionQueue admission,
      WeightSwap swap,
      MonotonicClock clock,
      Consumer<VersionedModel> onSwapped) {
    this.model = model;
    this.cache = cache;
    this.options = options;
    this.admission = admission;
    this.swap = swap;
    this.clock = clock;
    this.onSwapped = onSwapped;
  }

  @Override
  public void run() {
    Torch.computeThread(options.threads());
    try (cache) {
      while (admission.awaitWork(running.isEmpty(), swap::isPending)) {
        turn();
      }
    } finally {
      admission.close();
      admission.drain().forEach(sequence -> end(sequence, FinishReason.ABORT));
      running.forEach(sequence -> end(sequence, FinishReason.ABORT));
      running.clear();
      deliver();
      swap.refuse();
      model.close();
    }
  }

  private void turn() {
    exchangeWeights();
    try (PointerScope _ = new PointerScope();
        NoGradGuard _ = new NoGradGuard()) {
      dropCancelled();
      List<Sequence> fresh =
          admission.take(options.maxSequences() - running.size(), options.prefillTokens());
      if (!fresh.isEmpty()) {
        prefill(fresh);
      } else if (!running.isEmpty()) {
        decode();
      }
    } catch (RuntimeException e) {
      LOG.error("a step of {} sequences failed; they end with an error", running.size(), e);
      running.forEach(sequence -> end(sequence, FinishReason.ERROR));
      running.clear();
    }
    deliver();
    admission.running(running.size());
  }

  private void exchangeWeights() {
    swap.take(
        model,
        clock::nanos,
        taken -> {
          model = taken;
          onSwapped.accept(taken);
        });
  }

  private void dropCancelled() {
    for (int slot = running.size() - 1; slot >= 0; slot--) {
      if (running.get(slot).cancelled()) {
        release(slot);
      }
    }
  }

  private void prefill(List<Sequence> fresh) {
    int first = running.size();
    running.addAll(fresh);
    int longest = fresh.stream().mapToInt(s -> s.request().prompt().length).max().orElseThrow();
    long[] tokens = new long[fresh.size() * longest];
    long[] positions = new long[tokens.length];
    long[] ends = new long[fresh.size()];
    for (int row = 0; row < fresh.size(); row++) {
      int[] prompt = fresh.get(row).request().prompt();
      for (int i = 0; i < longest; i++) {
        tokens[row * longest + i] = i < prompt.length ? prompt[i] : 0;
        positions[row * longest + i] = i;
      }
      ends[row] = (long) row * longest + prompt.length - 1;
      fresh.get(row).cached(prompt.length);
    }
    Tensor positionIds = Torch.longs(positions, fresh.size(), longest);
    Tensor hidden =
        model
            .decoder()
            .hidden(
                Torch.longs(tokens, fresh.size(), longest),
                positionIds,
                cache.prefill(first, positionIds))
            .view(-1, model.config().hiddenSize())
            .index_select(0, Torch.longs(ends, ends.length));
    emit(first, hidden);
  }

  private void decode() {
    int rows = running.size();
    long[] tokens = new long[rows];
    long[] positions = new long[rows];
    for (int row = 0; row < rows; row++) {
      Sequence sequence = running.get(row);
      tokens[row] = sequence.lastToken();
      positions[row] = sequence.cached();
      sequence.cached(sequence.cached() + 1);
    }
    Tensor hidden =
        model
            .decoder()
            .hidden(
                Torch.longs(tokens, rows, 1),
                Torch.longs(positions, rows, 1),
                cache.decode(positions))
            .view(rows, model.config().hiddenSize());
    emit(0, hidden);
  }

  /**
   * Draws a token for the running sequences from {@code first} on and takes out those that it ends.
   */
  private void emit(int first, Tensor hidden) {
    List<Sequence> rows = running.subList(first, running.size());
    List<Sampler.Sample> samples =
        Sampler.sample(
            model.decoder().logits(hidden),
            rows.stream().map(Sequence::request).toList(),
            rows.stream().map(Sequence::random).toList());
    List<Optional<FinishReason>> ends = new ArrayList<>();
    int failed = 0;
    for (int row = 0; row < samples.size(); row++) {
      Sequence sequence = rows.get(row);
      Sampler.Sample sample = samples.get(row);
      if (Float.isNaN(sample.logprob())) {
        failed++;
        end(sequence, FinishReason.ERROR);
        ends.add(Optional.of(FinishReason.ERROR));
        continue;
      }
      Optional<FinishReason> finish = sequence.append(sample.token());
      ends.add(finish);
      add(
          sequence,
          new TokenEvent(
              sequence, sample.token(), sample.logprob(), model.version(), sample.top(), finish));
    }
    if (failed > 0) {
      LOG.error("version {} scores NaN: {} completions end with an error", model.version(), failed);
    }
    for (int row = samples.size() - 1; row >= 0; row--) {
      Optional<FinishReason> finish = ends.get(row);
      if (finish.isPresent()) {
        if (finish.get() == FinishReason.ERROR) {
          cache.clear(first + row);
        }
        release(first + row);
      }
    }
  }

  private void release(int slot) {
    int last = running.size() - 1;
    cache.release(slot, last, running.get(last).cached());
    running.set(slot, running.get(last));
    running.removeLast();
  }

  private void end(Sequence sequence, FinishReason reason) {
    add(sequence, new TokenEvent(sequence, -1, 0, model.version(), List.of(), Optional.of(reason)));
  }

  private void add(Sequence sequence, TokenEvent event) {
    if (!sequence.cancelled()) {
      outgoing.computeIfAbsent(sequence.outlet(), _ -> new ArrayList<>()).add(event);
    }
  }

  private void deliver() {
    outgoing.forEach(Outlet::deliver);
    outgoing.clear();
  }
}
