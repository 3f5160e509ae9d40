package dev.sluice.planner;

import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/// One world for all classes that ask for it, one after the other: it opens with the first and closes after the last.
final class OneWorld implements ParameterResolver {
  /// What each of them locks.
  static final String NAME = "one world";

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == World.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context.getRoot().getStore(Namespace.create(OneWorld.class)).computeIfAbsent(World.class, _ -> new World(), World.class);
  }
}
