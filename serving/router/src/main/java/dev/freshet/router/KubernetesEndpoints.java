package dev.freshet.router;

import dev.freshet.trace.FreeText;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointConditions;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointPort;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.informers.ResourceEventHandler;
import io.fabric8.kubernetes.client.informers.SharedIndexInformer;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The ready endpoints of a Kubernetes service, as replicas: those of its EndpointSlices
 * (discovery.k8s.io/v1), which it lists and watches. An endpoint whose readiness is not stated is
 * ready, one that terminates is not. While the API server does not answer, the replicas stay as
 * they are, and it is asked again. Owns its client and the client's threads. Thread-safe.
 */
final class KubernetesEndpoints implements Supplier<List<UpstreamAddress>>, AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(KubernetesEndpoints.class);
  private static final String SERVICE_LABEL = "kubernetes.io/service-name";
  private static final String IPV6 = "IPv6";

  private final KubernetesService service;
  private final KubernetesClient client;
  private final SharedIndexInformer<EndpointSlice> slices;
  private volatile List<UpstreamAddress> ready = List.of();

  /** Whether the API server answered last; written by the informer's threads. */
  private volatile boolean answered = true;

  KubernetesEndpoints(KubernetesService service) {
    this.service = service;
    this.client = client(service);
    this.slices =
        client
            .resources(EndpointSlice.class)
            .inNamespace(service.namespace())
            .withLabel(SERVICE_LABEL, service.name())
            .runnableInformer(0);
    slices.exceptionHandler(
        (_, failure) -> {
          if (answered) {
            LOG.warn(
                "Kubernetes service {}: the API server does not answer, the replicas stay as they"
                    + " are: {}",
                service,
                FreeText.escaped(String.valueOf(failure.getMessage())));
          }
          answered = false;
          return true;
        });
    var _ = slices.addEventHandler(new Changes());
  }

  private static KubernetesClient client(KubernetesService service) {
    KubernetesClientBuilder builder = new KubernetesClientBuilder();
    service
        .api()
        .ifPresent(
            url ->
                builder.withConfig(new ConfigBuilder(Config.empty()).withMasterUrl(url).build()));
    return builder.build();
  }

  /** Begins to list and watch; returns at once. */
  void start() {
    var _ = slices.start();
  }

  @Override
  public List<UpstreamAddress> get() {
    return ready;
  }

  private final class Changes implements ResourceEventHandler<EndpointSlice> {
    @Override
    public void onAdd(EndpointSlice slice) {
      read();
    }

    @Override
    public void onUpdate(EndpointSlice before, EndpointSlice after) {
      read();
    }

    @Override
    public void onDelete(EndpointSlice slice, boolean unseen) {
      read();
    }
  }

  /** Reads all slices: an endpoint may move from one to another. */
  private void read() {
    answered = true;
    ready =
        slices.getStore().list().stream()
            .flatMap(this::addresses)
            .distinct()
            .sorted(Comparator.comparing(UpstreamAddress::name))
            .toList();
  }

  private Stream<UpstreamAddress> addresses(EndpointSlice slice) {
    Optional<Integer> data = port(slice, service.port());
    Optional<Integer> admin =
        service.adminPort().isEmpty() ? data : port(slice, service.adminPort());
    if (data.isEmpty() || admin.isEmpty()) {
      return Stream.empty();
    }
    return orEmpty(slice.getEndpoints()).stream()
        .filter(KubernetesEndpoints::isReady)
        .flatMap(endpoint -> orEmpty(endpoint.getAddresses()).stream().limit(1))
        .flatMap(
            address ->
                address(
                    IPV6.equals(slice.getAddressType()) ? "[" + address + "]" : address,
                    data.get(),
                    admin.get()));
  }

  private Stream<UpstreamAddress> address(String host, int data, int admin) {
    String text =
        "http://%s:%d=%s%s"
            .formatted(
                host,
                data,
                service.kind(),
                admin == data ? "" : "@http://%s:%d".formatted(host, admin));
    try {
      return Stream.of(UpstreamAddress.parse(text));
    } catch (IllegalArgumentException e) {
      LOG.warn(
          "Kubernetes service {}: {}", service, FreeText.escaped(String.valueOf(e.getMessage())));
      return Stream.empty();
    }
  }

  /** A service may publish endpoints as ready whatever they are, also those that terminate. */
  private static boolean isReady(Endpoint endpoint) {
    EndpointConditions conditions = endpoint.getConditions();
    return conditions == null
        || (!Boolean.FALSE.equals(conditions.getReady())
            && !Boolean.TRUE.equals(conditions.getTerminating()));
  }

  /** The port of a name; without a name the first. */
  private static Optional<Integer> port(EndpointSlice slice, String name) {
    return orEmpty(slice.getPorts()).stream()
        .filter(port -> name.isEmpty() || name.equals(port.getName()))
        .map(EndpointPort::getPort)
        .filter(Objects::nonNull)
        .findFirst();
  }

  private static <T> List<T> orEmpty(@Nullable List<T> list) {
    return list == null ? List.of() : list;
  }

  @Override
  public void close() {
    slices.stop();
    client.close();
  }
}
