package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The endpoints of a Kubernetes service as replicas, from an API server on a real socket. */
@Timeout(120)
class KubernetesEndpointsTest {
  private static final String IPV4 = "IPv4";

  @TempDir private Path dir;

  private static KubernetesEndpoints watched(KubernetesApi api, String port, String adminPort) {
    KubernetesEndpoints endpoints =
        new KubernetesEndpoints(
            new KubernetesService(
                "inference",
                "policy",
                port,
                adminPort,
                adminPort.isEmpty() ? "vllm" : "freshet",
                Optional.of(api.url())));
    endpoints.start();
    return endpoints;
  }

  private static void awaitReady(KubernetesEndpoints endpoints, String... replicas)
      throws InterruptedException {
    FrontFixture.await(
        "replicas " + List.of(replicas), () -> names(endpoints).equals(List.of(replicas)));
  }

  private static List<String> names(KubernetesEndpoints endpoints) {
    return endpoints.get().stream().map(UpstreamAddress::name).toList();
  }

  @Test
  void readyEndpointsOfAllSlicesAreReplicasAndOthersAreNot() throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.put(
          "a",
          IPV4,
          8000,
          KubernetesApi.endpoint("10.0.0.1", "true"),
          KubernetesApi.endpoint("10.0.0.2", "false"),
          KubernetesApi.endpoint("10.0.0.3", ""));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.3:8000");
        api.put("b", "IPv6", 8000, KubernetesApi.endpoint("fd00::1", "true"));
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.3:8000", "[fd00::1]:8000");
        api.put("c", IPV4, 8000, KubernetesApi.endpoint("10.0.0.3", "true"));
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
        api.remove("b");
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.3:8000");
        api.remove("c");
        api.remove("a");
        awaitReady(endpoints);
      }
    }
  }

  @Test
  void aNamedPortIsTakenAndAnAdminListenerHasItsOwn() throws Exception {
    String ports =
        "[{\"name\":\"metrics\",\"port\":1},{\"name\":\"admin\",\"port\":8001},{\"name\":\"http\",\"port\":8000}]";
    try (KubernetesApi api = new KubernetesApi()) {
      api.put("a", IPV4, ports, KubernetesApi.endpoint("10.0.0.1", "true"));
      api.put("none", IPV4, 9, KubernetesApi.endpoint("10.0.0.9", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "http", "admin")) {
        awaitReady(endpoints, "10.0.0.1:8000");
        assertThat(endpoints.get().getFirst().admin()).hasToString("http://10.0.0.1:8001");
        assertThat(endpoints.get().getFirst().dialect().name()).isEqualTo("freshet");
      }
    }
  }

  @Test
  void anEndpointThatTerminatesIsNoReplicaAlsoIfTheServicePublishesItAsReady() throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.put(
          "a",
          IPV4,
          8000,
          KubernetesApi.endpoint("10.0.0.1", "true"),
          KubernetesApi.endpoint("10.0.0.2", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.2:8000");
        api.put(
            "a",
            IPV4,
            8000,
            KubernetesApi.endpoint("10.0.0.1", "false,\"serving\":true,\"terminating\":true"),
            KubernetesApi.endpoint("10.0.0.2", "true"));
        awaitReady(endpoints, "10.0.0.2:8000");
        api.put(
            "a",
            IPV4,
            8000,
            KubernetesApi.endpoint("10.0.0.2", "true,\"serving\":true,\"terminating\":true"));
        awaitReady(endpoints);
      }
    }
  }

  @Test
  void anEndpointThatTwoSlicesHaveStaysWhileOneOfThemHasItReady() throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
      api.put(
          "b",
          IPV4,
          8000,
          KubernetesApi.endpoint("10.0.0.1", "true"),
          KubernetesApi.endpoint("10.0.0.2", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.2:8000");
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "false"));
        api.put("b", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
        awaitReady(endpoints, "10.0.0.1:8000");
        api.remove("a");
        api.put("c", IPV4, 8000, KubernetesApi.endpoint("10.0.0.3", "true"));
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.3:8000");
        api.remove("b");
        awaitReady(endpoints, "10.0.0.3:8000");
      }
    }
  }

  @Test
  void aWatchThatEndsGoesOnFromTheLastBookmark() throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        awaitReady(endpoints, "10.0.0.1:8000");
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.2", "true"));
        awaitReady(endpoints, "10.0.0.2:8000");
        api.bookmark();
        api.forget(false);
        api.endWatches();
        FrontFixture.await("the next watch", () -> api.watchedFrom.size() > 1);
        api.put("b", IPV4, 8000, KubernetesApi.endpoint("10.0.0.3", "true"));
        awaitReady(endpoints, "10.0.0.2:8000", "10.0.0.3:8000");

        assertThat(api.lists).hasValue(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aWatchFromAVersionThatIsForgottenIsFollowedByAList(boolean asEvent) throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.goneAsEvent = asEvent;
      api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
      api.put("b", IPV4, 8000, KubernetesApi.endpoint("10.0.0.2", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        awaitReady(endpoints, "10.0.0.1:8000", "10.0.0.2:8000");
        FrontFixture.await("the watch", () -> !api.watchedFrom.isEmpty());
        api.endWatches();
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.3", "true"));
        api.remove("b");
        api.forget(true);
        api.endWatches(); // One that had begun meanwhile.

        awaitReady(endpoints, "10.0.0.3:8000");
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.4", "true"));
        awaitReady(endpoints, "10.0.0.4:8000");
      }
    }
  }

  @Test
  void anExpiredTokenIsReadAgainFromItsFile() throws Exception {
    Path token = Files.writeString(dir.resolve("token"), "first");
    try (KubernetesApi api = new KubernetesApi()) {
      api.token = "first";
      api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
      Map<String, String> cluster =
          Map.of(
              "kubernetes.master", api.url(),
              "kubernetes.auth.tryKubeConfig", "false",
              "kubernetes.auth.serviceAccount.token", token.toString());
      cluster.forEach(System::setProperty);
      try (KubernetesEndpoints endpoints =
          new KubernetesEndpoints(
              new KubernetesService("inference", "policy", "", "", "vllm", Optional.empty()))) {
        endpoints.start();
        awaitReady(endpoints, "10.0.0.1:8000");
        FrontFixture.await("the watch", () -> !api.watchedFrom.isEmpty());
        Files.writeString(token, "second");
        api.token = "second";
        FrontFixture.await(
            "the next watch",
            () -> {
              api.endWatches(); // The first watch may have begun only now.
              return api.watchedFrom.size() > 1;
            });
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.2", "true"));

        awaitReady(endpoints, "10.0.0.2:8000");
      } finally {
        cluster.keySet().forEach(System::clearProperty);
      }
    }
  }

  @Test
  void aLostApiServerChangesNothingAndOneThatReturnsIsReadAgain() throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        awaitReady(endpoints, "10.0.0.1:8000");
        api.stop();
        api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.2", "true"));
        assertThat(names(endpoints)).containsExactly("10.0.0.1:8000");
        api.start();
        awaitReady(endpoints, "10.0.0.2:8000");
      }
    }
  }

  @Test
  void anApiServerThatIsNotThereAtTheStartIsAskedAgain() throws Exception {
    try (KubernetesApi api = new KubernetesApi()) {
      api.stop();
      api.put("a", IPV4, 8000, KubernetesApi.endpoint("10.0.0.1", "true"));
      try (KubernetesEndpoints endpoints = watched(api, "", "")) {
        assertThat(names(endpoints)).isEmpty();
        api.start();
        awaitReady(endpoints, "10.0.0.1:8000");
      }
    }
  }

  @Test
  void aFrontRelaysToEndpointsThatAreReadyAndToOthersNoLonger() throws Exception {
    try (ScriptedReplica one = new ScriptedReplica(ScriptedReplica.json("\"one\""));
        ScriptedReplica two = new ScriptedReplica(ScriptedReplica.json("\"two\""));
        KubernetesApi api = new KubernetesApi()) {
      api.put("one", IPV4, port(one), KubernetesApi.endpoint("127.0.0.1", "true"));
      try (FrontFixture front =
          FrontFixture.of(
              Map.of(
                  "upstreams", "",
                  "kubernetes_service", "inference/policy",
                  "kubernetes_port", "http",
                  "kubernetes_api", api.url()))) {
        FrontFixture.await("the first", () -> ask(front).contains("one"));
        api.put("two", IPV4, port(two), KubernetesApi.endpoint("127.0.0.1", "true"));
        api.put("one", IPV4, port(one), KubernetesApi.endpoint("127.0.0.1", "false"));
        FrontFixture.await("the second", () -> ask(front).contains("two"));
      }
    }
  }

  private static int port(ScriptedReplica replica) {
    return URI.create(replica.url()).getPort();
  }

  private static String ask(FrontFixture front) {
    try {
      return RawClient.exchange(front.data(), RawClient.get("/")).text();
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }
}
