package dev.freshet.router;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.URI;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The endpoints of a Kubernetes service as replicas, from an API server on a real socket. */
@Timeout(120)
class KubernetesEndpointsTest {
  private static final String IPV4 = "IPv4";

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
