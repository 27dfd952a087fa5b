package dev.freshet.orchestrator;

import dev.freshet.config.ConfigLoader;
import dev.freshet.fleet.ServerAddress;
import java.util.Arrays;
import java.util.List;

/** The configuration of a small run: 2 groups of 4 a batch; what a test varies can be set. */
final class TestConfig {
  List<ServerAddress> servers;
  int groupSize = 4;
  int groupsPerBatch = 2;
  int asyncLevel = 1;
  long steps = 4;
  int maxInflightGroups = 8;
  double stragglerWait = 1;
  double topP = 1;
  boolean filterZeroAdvantage;
  boolean filterOverlong;
  int filterRepetition;
  int overlongBuffer;
  int evalProblems = 8;
  int evalSamples = 1;
  EpisodeConfig episodes = new EpisodeConfig(32, 60, 60, 4, 0.5, 64);
  long evalEvery;
  long trainerDeadlineS = 60;
  int updateQuorum;
  long recoveryDeadlineS = 60;
  PrimeRlConfig primeRl = ConfigLoader.defaults(PrimeRlConfig.class);

  TestConfig(TestServer... servers) {
    this.servers = Arrays.stream(servers).map(TestServer::address).toList();
  }

  /** What most tests vary. */
  static TestConfig of(int asyncLevel, long steps, TestServer... servers) {
    TestConfig config = new TestConfig(servers);
    config.asyncLevel = asyncLevel;
    config.steps = steps;
    return config;
  }

  OrchestratorConfig build() {
    return new OrchestratorConfig(
        servers.stream().map(server -> server.data().toString()).toList(),
        servers.stream().map(server -> server.admin().toString()).toList(),
        "",
        "",
        "",
        "127.0.0.1",
        0,
        groupSize,
        groupsPerBatch,
        asyncLevel,
        maxInflightGroups,
        stragglerWait,
        1,
        topP,
        16,
        episodes,
        filterZeroAdvantage,
        filterOverlong,
        filterRepetition,
        overlongBuffer,
        AdvantageChoice.MEAN,
        evalProblems,
        evalSamples,
        1,
        evalEvery,
        0,
        5,
        10,
        4,
        4,
        updateQuorum,
        false,
        recoveryDeadlineS,
        trainerDeadlineS,
        primeRl);
  }
}
