// Google's client libraries for Node.js, unmodified, against one server: `node clients.cjs SCENARIO DOOR`.
// Prints what was answered as JSON; whether that is right is for the test that runs it to say.
'use strict';

const {GrafeasClient} = require('@google-cloud/grafeas');
const analysis = require('@google-cloud/containeranalysis');
const {google} = require('googleapis');

const url = new URL(process.env.BINAUTHZ_REST);
const [grpcHost, grpcPort] = process.env.BINAUTHZ_GRPC.split(':');
const token = process.env.BINAUTHZ_TOKEN;
const [scenario, door] = process.argv.slice(2);
const project = process.env.BINAUTHZ_PROJECT;
const parent = `projects/${project}`;
const unique = `${Date.now().toString(36)}${Math.random().toString(36).slice(2, 8)}`;
const digest = 'f'.repeat(64);

// The credentials that the libraries take for a server without TLS: none on the channel, the token on each call.
function options(packageName) {
  const gax = require(require.resolve('google-gax', {paths: [require.resolve(packageName)]}));
  const {OAuth2Client} = require(
    require.resolve('google-auth-library', {paths: [require.resolve('google-gax', {paths: [require.resolve(packageName)]})]})
  );
  const authClient = new OAuth2Client();
  authClient.setCredentials({access_token: token});
  if (door === 'rest') {
    return {apiEndpoint: url.hostname, port: Number(url.port), protocol: 'http', fallback: true, authClient};
  }
  return {apiEndpoint: grpcHost, port: Number(grpcPort), sslCreds: gax.grpc.credentials.createInsecure()};
}

const call = door === 'rest' ? {} : {otherArgs: {headers: {authorization: `Bearer ${token}`}}};

async function refused(promise) {
  try {
    await promise;
    return null;
  } catch (error) {
    return {code: error.code, message: String(error.message), details: (error.statusDetails || []).length};
  }
}

async function grafeas() {
  const client = new GrafeasClient(options('@google-cloud/grafeas'));
  const noteId = `npm-${unique}`;
  const name = `${parent}/notes/${noteId}`;
  const hint = {attestation: {hint: {humanReadableName: 'npm'}}};
  const [note] = await client.createNote({parent, noteId, note: hint}, call);
  const [again] = await client.getNote({name}, call);
  const [notes] = await client.listNotes({parent, pageSize: 2}, call);
  const [changed] = await client.updateNote(
    {name, note: {shortDescription: 'short'}, updateMask: {paths: ['short_description']}}, call);
  const occurrence = key => ({
    noteName: name,
    resourceUri: `https://us-docker.pkg.dev/p/r/${unique}@sha256:${digest}`,
    attestation: {serializedPayload: Buffer.from('{}'), signatures: [{publicKeyId: key, signature: Buffer.from('s')}]},
  });
  const [made] = await client.createOccurrence({parent, occurrence: occurrence('a')}, call);
  const [batch] = await client.batchCreateOccurrences({parent, occurrences: [occurrence('b'), occurrence('c')]}, call);
  const [attached] = await client.listNoteOccurrences(
    {name, filter: `has_suffix(resourceUrl, "sha256:${digest}")`, pageSize: 1}, call);
  const [listed] = await client.listOccurrences({parent, filter: `noteId="${noteId}"`}, call);
  const [read] = await client.getOccurrence({name: made.name}, call);
  const [owner] = await client.getOccurrenceNote({name: made.name}, call);
  const conflict = await refused(client.createOccurrence({parent, occurrence: occurrence('a')}, call));
  const invalid = await refused(client.createNote({parent, noteId: `bad-${unique}`, note: {shortDescription: 'of no type'}}, call));
  await client.deleteOccurrence({name: made.name}, call);
  await client.deleteNote({name}, call);
  const absent = await refused(client.getNote({name}, call));
  await client.close();
  return {
    name,
    kind: note.kind,
    same: again.name === note.name && again.attestation.hint.humanReadableName === 'npm',
    walked: notes.some(each => each.name === name),
    changed: [changed.shortDescription, changed.attestation.hint.humanReadableName],
    batch: batch.occurrences.length,
    attached: attached.map(each => each.attestation.signatures[0].publicKeyId).sort(),
    listed: listed.length,
    payload: Buffer.from(read.attestation.serializedPayload).toString(),
    owner: owner.name,
    conflict,
    invalid,
    absent,
  };
}

async function iam() {
  const where = options('@google-cloud/containeranalysis');
  const notes = new GrafeasClient(options('@google-cloud/grafeas'));
  const [note] = await notes.createNote({parent, noteId: `iam-${unique}`, note: {attestation: {}}}, call);
  const binding = {role: 'roles/containeranalysis.notes.attacher', members: ['user:a@example.com']};
  const found = {};
  const clients = {
    v1: new analysis.v1.ContainerAnalysisClient(where),
    v1beta1: new analysis.v1beta1.ContainerAnalysisV1Beta1Client(where),
  };
  for (const [version, client] of Object.entries(clients)) {
    const [before] = await client.getIamPolicy({resource: note.name}, call);
    const policy = {bindings: [binding], etag: before.etag};
    const [written] = await client.setIamPolicy({resource: note.name, policy}, call);
    const permissions = ['containeranalysis.notes.get', 'made.up.one'];
    const [held] = await client.testIamPermissions({resource: note.name, permissions}, call);
    found[version] = {members: written.bindings[0].members, held: held.permissions};
    await client.close();
  }
  await notes.close();
  return found;
}

async function beta() {
  const client = new analysis.v1beta1.GrafeasV1Beta1Client(options('@google-cloud/containeranalysis'));
  const noteId = `beta-${unique}`;
  const name = `${parent}/notes/${noteId}`;
  const [note] = await client.createNote(
    {parent, noteId, note: {attestationAuthority: {hint: {humanReadableName: 'npm'}}}}, call);
  const signed = {
    contentType: 'SIMPLE_SIGNING_JSON',
    serializedPayload: Buffer.from('{}'),
    signatures: [{publicKeyId: 'k', signature: Buffer.from('s')}],
  };
  const occurrence = {
    noteName: name,
    resource: {uri: `https://us-docker.pkg.dev/p/r/${unique}@sha256:${digest}`},
    attestation: {attestation: {genericSignedAttestation: signed}},
  };
  const [made] = await client.createOccurrence({parent, occurrence}, call);
  const [listed] = await client.listNoteOccurrences({name}, call);
  await client.deleteOccurrence({name: made.name}, call);
  await client.deleteNote({name}, call);
  const absent = await refused(client.getNote({name}, call));
  await client.close();
  const key = made.attestation.attestation.genericSignedAttestation.signatures[0].publicKeyId;
  return {kind: note.kind, key, listed: listed.length, absent};
}

async function binauthz() {
  const auth = new google.auth.OAuth2();
  auth.setCredentials({access_token: token});
  const root = {auth, rootUrl: url.href};
  const notes = google.containeranalysis({version: 'v1', ...root}).projects.notes;
  const noteId = `binauthz-${unique}`;
  const note = (await notes.create({parent, noteId, requestBody: {attestation: {}}})).data;
  const found = {};
  for (const [version, block] of [['v1', 'userOwnedGrafeasNote'], ['v1beta1', 'userOwnedDrydockNote']]) {
    const service = google.binaryauthorization({version, ...root});
    const attestors = service.projects.attestors;
    const attestorId = `npm-${version}-${unique}`;
    const made = (await attestors.create(
      {parent, attestorId, requestBody: {[block]: {noteReference: note.name}}})).data;
    const put = (await attestors.update(
      {name: made.name, requestBody: {...made, description: 'changed'}})).data;
    const listed = (await attestors.list({parent, pageSize: 1000})).data.attestors;
    const policy = (await service.projects.getPolicy({name: `${parent}/policy`})).data;
    const written = (await service.projects.updatePolicy({name: policy.name, requestBody: policy})).data;
    const system = (await service.systempolicy.getPolicy({name: 'locations/global/policy'})).data;
    const etag = (await attestors.getIamPolicy({resource: made.name})).data.etag;
    await attestors.delete({name: made.name});
    const absent = await refused(attestors.get({name: made.name}));
    found[version] = {
      reference: put[block].noteReference === note.name,
      description: put.description,
      listed: listed.some(each => each.name === made.name),
      policy: [policy.name, written.name],
      system: system.admissionWhitelistPatterns.length > 0,
      etag,
      absent,
    };
  }
  return found;
}

const scenarios = {grafeas, iam, beta, binauthz};
scenarios[scenario]().then(
  found => console.log(JSON.stringify(found)),
  error => {
    console.error(error);
    process.exitCode = 1;
  }
);
