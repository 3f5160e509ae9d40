-- A flush asks whether something of an instance still waits to be judged.
create index evidence_instance on evidence (instance_id);
