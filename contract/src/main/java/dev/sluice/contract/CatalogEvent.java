package dev.sluice.contract;

/// Facts about the catalog, told by the planner on `sluice.catalog`, keyed by the module.
public sealed interface CatalogEvent {
  record VersionPromoted(ModuleId moduleId, VersionId versionId, String version, Lifecycle from, Lifecycle to) implements CatalogEvent {}
}
