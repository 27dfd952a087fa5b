package dev.freshet.router;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A Kubernetes service whose endpoints are replicas.
 *
 * @param port the name of the port for completions; empty: the first
 * @param adminPort the name of the port of the admin listener; empty: the same as {@code port}
 * @param kind the program that the replicas run
 * @param api the root URL of the API server; empty: that of the cluster in which the process runs,
 *     or that of its kubeconfig
 */
record KubernetesService(
    String namespace,
    String name,
    String port,
    String adminPort,
    String kind,
    Optional<String> api) {
  private static final String LABEL = "[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?";
  private static final Pattern PATH = Pattern.compile("(%s)/(%s)".formatted(LABEL, LABEL));

  /** Whether a text is {@code namespace/name}. */
  static boolean isPath(String text) {
    return PATH.matcher(text).matches();
  }

  /** The service that the configuration names, if it names one. */
  static Optional<KubernetesService> of(RouterConfig config) {
    Matcher path = PATH.matcher(config.kubernetesService());
    return path.matches()
        ? Optional.of(
            new KubernetesService(
                path.group(1),
                path.group(2),
                config.kubernetesPort(),
                config.kubernetesAdminPort(),
                config.kubernetesKind(),
                Optional.of(config.kubernetesApi()).filter(url -> !url.isEmpty())))
        : Optional.empty();
  }

  @Override
  public String toString() {
    return namespace + "/" + name;
  }
}
