package dev.freshet.config;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** The default and the description of the configuration key that a record component declares. */
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.RECORD_COMPONENT)
public @interface Key {
  /** The default, written as in an override on the command line: lists separated by commas. */
  String def();

  /** What the key sets, for the reference of the configuration. */
  String doc();
}
