package dev.sluice.agent;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonWriter;
import java.net.URI;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ModuleRecordTest {
  private static final Release OLD = new Release("sha256:01", "1.24.0");
  private static final Instruction BACK = new Instruction("1.24.0", OLD.digest(), 3, "");

  private static ModuleRecord at(Step step) {
    return new ModuleRecord("i1", new Instruction("1.26.0", "sha256:" + "02".repeat(32), 2, ""), step, OLD, Release.NONE,
        ModuleState.APPLYING, "");
  }

  @ParameterizedTest
  @EnumSource(value = Step.class, names = {"SWITCHED", "RESTORING"})
  void what_an_apply_command_has_left_is_taken_for_no_release(Step step) {
    var next = at(step).receiving("i1", BACK);
    assertThat(next.live()).as("so that it is applied, though its files stand there").isEqualTo(Release.NONE);
    assertThat(next.previous()).as("its files stay").isEqualTo(OLD);
  }

  @ParameterizedTest
  @EnumSource(value = Step.class, names = {"SWITCHED", "RESTORING"}, mode = EnumSource.Mode.EXCLUDE)
  void what_runs_goes_on_while_the_next_is_fetched(Step step) { assertThat(at(step).receiving("i1", BACK).live()).isEqualTo(OLD); }

  @ParameterizedTest
  @EnumSource(Step.class)
  void another_identity_is_told_anew_while_what_runs_goes_on(Step step) {
    var next = at(step).disowned();
    assertThat(next.instruction()).isEqualTo(Instruction.NONE);
    assertThat(next.live()).isEqualTo(OLD);
    assertThat(next.step()).as("a switch that was not ended is taken back")
        .isEqualTo(step == Step.SWITCHED || step == Step.RESTORING ? Step.RESTORING : Step.DONE);
    assertThat(next.isOfAnother("i2")).isFalse();
  }

  @Test
  void a_record_is_of_whom_its_instruction_was_told() throws Exception {
    ModuleRecord record = at(Step.DONE);
    JsonObject json = JsonParser.object().from(JsonWriter.string(record.json()));
    assertThat(ModuleRecord.of(json)).isEqualTo(record);
    assertThat(record.isOfAnother("i1")).isFalse();
    assertThat(record.isOfAnother("i2")).isTrue();

    json.remove("instance");
    var older = ModuleRecord.of(json);
    assertThat(older.instruction()).isEqualTo(record.instruction());
    assertThat(older.isOfAnother("i2")).as("the present one's").isFalse();
    assertThat(older.isOfAnother("")).as("nobody's, where none is enrolled").isTrue();
    assertThat(older.isOfNobody()).as("to be written down whose it is").isTrue();
    assertThat(older.told("i1")).isEqualTo(record);
    assertThat(record.isOfNobody()).isFalse();
    assertThat(ModuleRecord.NEW.isOfAnother("")).isFalse();
  }

  @Test
  void an_artifact_of_the_server_is_found_behind_its_path() {
    var server = URI.create("https://ops.example/sluice/");
    assertThat(server.resolve(BACK.url())).hasToString("https://ops.example/sluice/v1/artifacts/sha256:01");
    assertThat(server.resolve(new Instruction("1", "sha256:01", 1, "/v1/artifacts/sha256:01").url()))
        .hasToString("https://ops.example/sluice/v1/artifacts/sha256:01");
    assertThat(server.resolve(new Instruction("1", "sha256:01", 1, "https://files.example/a.tar.gz").url()))
        .hasToString("https://files.example/a.tar.gz");
  }
}
