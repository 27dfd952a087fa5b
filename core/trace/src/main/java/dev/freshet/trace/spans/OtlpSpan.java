package dev.freshet.trace.spans;

import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.common.AttributesBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.sdk.common.InstrumentationLibraryInfo;
import io.opentelemetry.sdk.common.InstrumentationScopeInfo;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.data.EventData;
import io.opentelemetry.sdk.trace.data.LinkData;
import io.opentelemetry.sdk.trace.data.SpanData;
import io.opentelemetry.sdk.trace.data.StatusData;
import java.util.List;

/** A span in the exporter's form. Its service name is the role, as {@code freshet-inference}. */
record OtlpSpan(Span span) implements SpanData {
  private static final InstrumentationScopeInfo SCOPE =
      InstrumentationScopeInfo.create("dev.freshet");

  @Override
  public String getName() {
    return span.name();
  }

  @Override
  public SpanKind getKind() {
    return switch (span.kind()) {
      case CLIENT -> SpanKind.CLIENT;
      case SERVER -> SpanKind.SERVER;
      case INTERNAL -> SpanKind.INTERNAL;
    };
  }

  @Override
  public SpanContext getSpanContext() {
    return context(span.spanId());
  }

  @Override
  public SpanContext getParentSpanContext() {
    return span.parentSpanId().isEmpty() ? SpanContext.getInvalid() : context(span.parentSpanId());
  }

  private SpanContext context(String spanId) {
    return SpanContext.create(
        span.traceId(), spanId, TraceFlags.getSampled(), TraceState.getDefault());
  }

  @Override
  public StatusData getStatus() {
    return span.error().isEmpty()
        ? StatusData.unset()
        : StatusData.create(io.opentelemetry.api.trace.StatusCode.ERROR, span.error());
  }

  @Override
  public long getStartEpochNanos() {
    return span.startNanos();
  }

  @Override
  public long getEndEpochNanos() {
    return span.endNanos();
  }

  @Override
  public Attributes getAttributes() {
    AttributesBuilder attributes = Attributes.builder();
    span.attributes()
        .forEach(
            (key, value) -> {
              switch (value) {
                case Long number -> attributes.put(key, number);
                case Double figure -> attributes.put(key, figure);
                default -> attributes.put(key, value.toString());
              }
            });
    return attributes.build();
  }

  @Override
  public int getTotalAttributeCount() {
    return span.attributes().size();
  }

  @Override
  public List<EventData> getEvents() {
    return List.of();
  }

  @Override
  public int getTotalRecordedEvents() {
    return 0;
  }

  @Override
  public List<LinkData> getLinks() {
    return List.of();
  }

  @Override
  public int getTotalRecordedLinks() {
    return 0;
  }

  @Override
  public boolean hasEnded() {
    return true;
  }

  @Override
  @SuppressWarnings({"deprecation", "InlineMeSuggester"})
  public InstrumentationLibraryInfo getInstrumentationLibraryInfo() {
    return InstrumentationLibraryInfo.create("dev.freshet", null);
  }

  @Override
  public InstrumentationScopeInfo getInstrumentationScopeInfo() {
    return SCOPE;
  }

  @Override
  public Resource getResource() {
    return Resource.create(
        Attributes.builder().put("service.name", "freshet-" + span.role()).build());
  }
}
