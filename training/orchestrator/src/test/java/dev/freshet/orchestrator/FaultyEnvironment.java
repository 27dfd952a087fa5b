package dev.freshet.orchestrator;

import dev.freshet.environments.Answer;
import dev.freshet.environments.Episode;
import dev.freshet.environments.Message;
import dev.freshet.environments.Problem;
import dev.freshet.environments.Split;
import dev.freshet.environments.Step;
import dev.freshet.environments.TurnEnvironment;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;

/** An environment of token ids whose every n-th episode has a fault; other rewards are 0 or 1. */
final class FaultyEnvironment implements TurnEnvironment {
  /** What goes wrong. */
  enum Fault {
    START_THROWS(FailureReason.ENVIRONMENT),
    TURN_THROWS(FailureReason.ENVIRONMENT),
    TURN_THROWS_AN_ERROR(FailureReason.ENVIRONMENT),
    TURN_OVERFLOWS_THE_STACK(FailureReason.ENVIRONMENT),
    CLOSE_THROWS(FailureReason.ENVIRONMENT),
    TURN_HANGS(FailureReason.DEADLINE),
    TURN_HANGS_AND_IGNORES_INTERRUPTS(FailureReason.DEADLINE),
    CLOSE_HANGS(FailureReason.DEADLINE),
    REWARD_IS_NAN(FailureReason.REWARD),
    METRIC_IS_INFINITE(FailureReason.REWARD),
    TEN_MEGABYTES(FailureReason.SIZE),
    NO_MESSAGE(FailureReason.SIZE);

    final FailureReason reason;

    Fault(FailureReason reason) {
      this.reason = reason;
    }
  }

  final AtomicInteger open = new AtomicInteger();
  final AtomicInteger mostOpen = new AtomicInteger();
  volatile int maxEpisodes = Integer.MAX_VALUE;
  final CountDownLatch end = new CountDownLatch(1);

  private final Fault fault;
  private final int every;
  private final AtomicInteger started = new AtomicInteger();

  FaultyEnvironment(Fault fault, int every) {
    this.fault = fault;
    this.every = every;
  }

  @Override
  public String name() {
    return "faulty";
  }

  @Override
  public int maxEpisodes() {
    return maxEpisodes;
  }

  @Override
  public Problem problem(Split split, long index) {
    return new Problem(split, index, split + "-" + index);
  }

  @Override
  public Episode start(Problem problem) {
    int number = started.getAndIncrement();
    boolean faulty = number % every == 0;
    if (faulty && fault == Fault.START_THROWS) {
      throw new IllegalStateException("no episode today");
    }
    mostOpen.accumulateAndGet(open.incrementAndGet(), Math::max);
    return new Episode() {
      @Override
      public List<Message> begin() {
        return List.of(Message.user("1 2"));
      }

      @Override
      public Step next(Answer answer) {
        return faulty ? fail() : new Step.End(number % 2, Map.of());
      }

      @Override
      public void close() {
        open.decrementAndGet();
        if (faulty && fault == Fault.CLOSE_THROWS) {
          throw new IllegalStateException("it does not close");
        }
        if (faulty && fault == Fault.CLOSE_HANGS) {
          hang(false);
        }
      }
    };
  }

  private Step fail() {
    return switch (fault) {
      case TURN_THROWS -> throw new IllegalStateException("no\nturn");
      case TURN_THROWS_AN_ERROR -> throw new AssertionError("a broken grader");
      case TURN_OVERFLOWS_THE_STACK -> fail();
      case TURN_HANGS -> hang(false);
      case TURN_HANGS_AND_IGNORES_INTERRUPTS -> hang(true);
      case REWARD_IS_NAN -> new Step.End(Double.NaN, Map.of());
      case METRIC_IS_INFINITE -> new Step.End(1, Map.of("ratio", Double.POSITIVE_INFINITY));
      case TEN_MEGABYTES -> Step.Next.user("1 ".repeat(5_000_000));
      case NO_MESSAGE -> new Step.Next(List.of());
      case START_THROWS, CLOSE_THROWS, CLOSE_HANGS -> new Step.End(0, Map.of());
    };
  }

  private Step hang(boolean ignoreInterrupts) {
    while (true) {
      try {
        end.await();
        return new Step.End(0, Map.of());
      } catch (InterruptedException e) {
        if (!ignoreInterrupts) {
          throw new IllegalStateException("interrupted", e);
        }
      }
    }
  }
}
