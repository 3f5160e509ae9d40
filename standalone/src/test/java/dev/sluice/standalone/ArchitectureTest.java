package dev.sluice.standalone;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;

import com.tngtech.archunit.core.importer.ImportOption.DoNotIncludeTests;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.lang.ArchRule;

/// The promises of `docs/map.md` about where things live. Each breaks the build.
@AnalyzeClasses(packages = "dev.sluice", importOptions = DoNotIncludeTests.class)
class ArchitectureTest {
  private static final String[] SERVICES = {"planner", "approval", "rollout", "health", "gateway"};

  @ArchTest
  static final ArchRule domain_is_pure = classes().that().resideInAPackage("dev.sluice.*.domain..").should().onlyDependOnClassesThat()
      .resideInAnyPackage("java.lang..", "java.util", "java.util.function..", "java.util.stream..", "java.util.regex..", "java.time..",
          "java.math..", "java.security..",
          "java.nio.charset..", "java.text..", "dev.sluice.contract..", "dev.sluice.*.domain..");

  @ArchTest
  static final ArchRule contract_is_the_jdk_only = classes().that().resideInAPackage("dev.sluice.contract..").should()
      .onlyDependOnClassesThat()
      .resideInAnyPackage("java..", "dev.sluice.contract..");

  @ArchTest
  static void services_never_see_each_other(com.tngtech.archunit.core.domain.JavaClasses all) {
    for (var one : SERVICES)
      for (var other : SERVICES) {
        if (one.equals(other)) continue;
        noClasses().that().resideInAPackage("dev.sluice." + one + "..").should().dependOnClassesThat()
            .resideInAPackage("dev.sluice." + other + "..").check(all);
      }
  }

  @ArchTest
  static final ArchRule no_clock_in_rules_and_rooms = noClasses().that()
      .resideInAnyPackage("dev.sluice.planner..", "dev.sluice.approval..", "dev.sluice.rollout..",
          "dev.sluice.health..", "dev.sluice.gateway..")
      .should().callMethod(java.time.Instant.class, "now").orShould().callMethod(System.class, "currentTimeMillis")
      .orShould().callMethod(java.time.InstantSource.class, "system").because("the clock comes from the chassis");

  @ArchTest
  static final ArchRule no_chance_outside_the_chassis = noClasses().that()
      .resideInAnyPackage("dev.sluice.contract..", "dev.sluice.planner..", "dev.sluice.approval..",
          "dev.sluice.rollout..", "dev.sluice.health..", "dev.sluice.gateway..")
      .should().dependOnClassesThat()
      .haveNameMatching("java\\.util\\.(Random|UUID|concurrent\\.ThreadLocalRandom)|java\\.security\\.SecureRandom")
      .because("ids and secrets come from the chassis' Ids");

  @ArchTest
  static final ArchRule json_objects_stay_in_chassis_and_store = noClasses().that().resideInAPackage("dev.sluice..").and()
      .resideOutsideOfPackages("dev.sluice.chassis..", "dev.sluice..store..", "dev.sluice.agent..").should().dependOnClassesThat()
      .haveFullyQualifiedName("io.vertx.core.json.JsonObject");

  @ArchTest
  static final ArchRule the_checker_shares_nothing_with_what_it_judges = classes().that().resideInAPackage("dev.sluice.cli.check..")
      .should()
      .onlyDependOnClassesThat().resideInAnyPackage("java..", "com.fasterxml.jackson.databind..", "dev.sluice.cli.check..");
}
