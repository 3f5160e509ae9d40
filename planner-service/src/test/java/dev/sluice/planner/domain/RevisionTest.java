package dev.sluice.planner.domain;

import static dev.sluice.planner.domain.Given.basis;
import static dev.sluice.planner.domain.Given.fleet;
import static org.assertj.core.api.Assertions.assertThat;

import dev.sluice.contract.InstanceId;
import dev.sluice.contract.PlanEvent;
import dev.sluice.contract.PlanMember;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class RevisionTest {
  @Test
  void fifty_at_twenty_percent_and_300_s_are_1500_s() {
    var plan = Revision.make(basis(), fleet(50, "a", "b")).header();
    assertThat(plan.slices().count()).isEqualTo(5);
    assertThat(plan.estimatedTotalSeconds()).isEqualTo(1_500);
  }

  @Test
  void the_estimate_counts_waves_and_soak() {
    var plan = Revision.make(basis("max_in_flight", 4, "min_healthy_sec", 60, "canary_size", 1), fleet(50, "a")).header();
    // canary 1 wave; 4 batches of 10 in 3 waves; the last 9 in 3
    assertThat(plan.estimatedTotalSeconds()).isEqualTo((1 + 5 * 3) * 360L);
  }

  @Test
  void the_hash_is_over_inputs_and_members_and_over_nothing_else() {
    var fleet = fleet(30, "a", "b");
    var hash = Revision.make(basis(), fleet).header().planHash();
    var shuffled = new ArrayList<>(fleet);
    Collections.shuffle(shuffled, new Random(7));
    assertThat(hash).matches("sha256:[0-9a-f]{64}");
    assertThat(Revision.make(Given.revision(5), shuffled).header().planHash()).isEqualTo(hash);
    assertThat(Revision.make(basis("batch_pct", 21), fleet).header().planHash()).isNotEqualTo(hash);
    assertThat(Revision.make(basis(), fleet.subList(1, 30)).header().planHash()).isNotEqualTo(hash);
    var other = new ArrayList<>(fleet);
    other.set(3, new Candidate(fleet.get(3).instanceId(), fleet.get(3).label(), Given.OLD, 2, false));
    assertThat(Revision.make(basis(), other).header().planHash()).isNotEqualTo(hash);
  }

  @ParameterizedTest
  @MethodSource("otherInputs")
  void the_hash_is_over_each_input(String name, Object value) {
    assertThat(Revision.make(basis(name, value), fleet(30, "a")).header().planHash())
        .isNotEqualTo(Revision.make(basis(), fleet(30, "a")).header().planHash());
  }

  static Stream<Arguments> otherInputs() {
    return Stream.of(Arguments.of("template_id", "x"), Arguments.of("module_id", "x"), Arguments.of("target_version_id", "x"),
        Arguments.of("batch_pct", 21), Arguments.of("max_batch_size", 30), Arguments.of("max_consecutive_failures", 3),
        Arguments.of("max_failed_pct", 21), Arguments.of("health_timeout_sec", 301), Arguments.of("min_healthy_sec", 1),
        Arguments.of("canary_size", 1), Arguments.of("max_in_flight", 30), Arguments.of("count_absent", false),
        Arguments.of("order_by_label", "tier"));
  }

  @Test
  void the_hash_is_that_of_the_canonical_form_however_long() throws NoSuchAlgorithmException {
    var fleet = new ArrayList<>(fleet(2_000, "a"));
    fleet.set(7, new Candidate(fleet.get(7).instanceId(), "a", Given.OLD, 9, true));
    var text = new StringBuilder("""
        template_id=web
        module_id=nginx
        target_version_id=nginx-1.26.0
        batch_pct=20
        max_batch_size=
        max_consecutive_failures=2
        max_failed_pct=20
        health_timeout_sec=300
        min_healthy_sec=0
        canary_size=0
        max_in_flight=
        count_absent=true
        order_by_label=zone
        """);
    for (var c : fleet)
      text.append(c.instanceId()).append("\tnginx-1.24.0\t").append(c.generation()).append('\t').append(c.drifted() ? "drifted" : "")
          .append('\n');
    var digest = MessageDigest.getInstance("SHA-256").digest(text.toString().getBytes(StandardCharsets.UTF_8));
    assertThat(Revision.make(basis(), fleet).header().planHash()).isEqualTo("sha256:" + HexFormat.of().formatHex(digest));
  }

  @Test
  void each_member_names_the_version_that_it_would_go_back_to() {
    var odd = Given.version("1.20.0", 'c');
    var fleet = new ArrayList<>(fleet(3, "a"));
    fleet.set(1, new Candidate(new InstanceId("i0000001"), "a", odd, 9, true));
    var revision = Revision.make(basis(), fleet);
    assertThat(revision.header().origins()).containsExactly(Given.OLD, odd);
    assertThat(revision.members()).containsExactly(new PlanMember(new InstanceId("i0000000"), 0, 1, false),
        new PlanMember(new InstanceId("i0000001"), 1, 9, true), new PlanMember(new InstanceId("i0000002"), 0, 1, false));
  }

  @Test
  void members_go_in_chunks_that_cover_them_in_order_and_before_the_header() {
    var revision = Revision.make(basis(), fleet(12_001, "a"));
    var events = revision.events();
    assertThat(events.getLast()).isEqualTo(new PlanEvent.RevisionPlanned(revision.header().rolloutId(), revision.header()));
    var members = new ArrayList<PlanMember>();
    for (var event : events.subList(0, events.size() - 1)) {
      var chunk = (PlanEvent.MembersPlanned) event;
      assertThat(chunk.from()).isEqualTo(members.size());
      assertThat(chunk.members()).hasSizeBetween(1, 5_000);
      members.addAll(chunk.members());
    }
    assertThat(members).isEqualTo(revision.members());
  }

  /// A member is reckoned as its id and 72 characters more.
  @ParameterizedTest
  @CsvSource({"8, 3276", "56, 2048", "128, 1310"})
  void a_chunk_holds_as_many_as_fit_in_256_kb(int idLength, int members) {
    var fleet = new ArrayList<Candidate>();
    for (int i = 0; i < 4_000; i++)
      fleet.add(Given.candidate("x".repeat(idLength - 5) + "%05d".formatted(i), "a"));
    var first = (PlanEvent.MembersPlanned) Revision.make(basis(), fleet).events().getFirst();
    assertThat(first.members()).hasSize(members);
  }

  @Test
  void warns_of_what_a_careful_operator_would_mind() {
    assertThat(Revision.make(basis("min_healthy_sec", 30), fleet(100, "a")).header().warnings()).isEmpty();
    assertThat(Revision.make(basis(), fleet(100, "a")).header().warnings()).singleElement().asString().startsWith("no soak");
    assertThat(Revision.make(basis("min_healthy_sec", 30), fleet(101, "a")).header().warnings()).singleElement().asString()
        .startsWith("no canary");
    assertThat(Revision.make(basis("min_healthy_sec", 30, "canary_size", 1_001), fleet(2_000, "a")).header().warnings()).singleElement()
        .asString().startsWith("the first batch has 1001");
    assertThat(Revision.make(basis("min_healthy_sec", 30, "health_timeout_sec", 59), fleet(9, "a")).header().warnings()).singleElement()
        .asString().startsWith("health_timeout_sec 59");
    assertThat(Revision.make(basis("min_healthy_sec", 30, "canary_size", 1_000, "health_timeout_sec", 60), fleet(2_000, "a")).header()
        .warnings()).isEmpty();
  }

  @Test
  void warns_where_a_way_back_would_lead_to_the_target() {
    var fleet = new ArrayList<>(fleet(9, "a"));
    fleet.add(new Candidate(new InstanceId("left"), "a", basis().target(), 3, true));
    assertThat(Revision.make(basis("min_healthy_sec", 30), fleet).header().warnings()).singleElement().asString()
        .startsWith("no way back for 1 of the instances");
  }

  @Test
  void nobody_is_an_empty_plan() {
    var revision = Revision.make(basis(), List.of());
    assertThat(revision.members()).isEmpty();
    assertThat(revision.header().slices().count()).isZero();
    assertThat(revision.header().estimatedTotalSeconds()).isZero();
    assertThat(revision.events()).containsExactly(new PlanEvent.RevisionPlanned(revision.header().rolloutId(), revision.header()));
  }
}
