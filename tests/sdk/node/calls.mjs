// All calls of the Node SDK (npm @vonage/meetings): the version that the command line names, from the working directory's node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const from = createRequire(`${process.cwd()}/`);
const [name] = process.argv.slice(2);
const { Auth } = from("@vonage/auth");
const { Meetings, LogoType } = from(name);
const given = JSON.parse(readFileSync(0, "utf8"));

const client = (applicationId) =>
  new Meetings(new Auth({ applicationId, privateKey: given.private_key }), { meetingsHost: given.address });
const meetings = client(given.application_id);
const told = {};
const made = new Set();

/** Calls; what came back, or all that a generator yields, stands under the method's name, or another. */
async function call(method, args = [], under = method, on = meetings) {
  made.add(method);
  try {
    const answer = on[method](...args);
    told[under] = answer?.[Symbol.asyncIterator] ? await all(answer) : ((await answer) ?? null);
  } catch (error) {
    told[under] = { raised: error.constructor.name, text: error.message, status: error.response?.status ?? null };
  }
  return told[under];
}

async function all(generator) {
  const found = [];
  for await (const one of generator) found.push(one);
  return found;
}

await call("getThemes", [], "getThemes none");
const theme = (await call("createTheme", [given.theme])).themeId;
await call("getTheme", [theme]);
await call("updateTheme", [theme, { brandText: "Acme", mainColor: "#abc" }]);
const other = (await call("createTheme", [{ ...given.theme, themeName: "other", shortCompanyUrl: null }], "createTheme other")).themeId;
await call("getThemes");

await call("createRoom", [{ displayName: "Standup" }]);
const longTerm = (await call("createRoom", [given.long_term], "createRoom long term")).id;
await call("createRoom", [{ displayName: "" }], "createRoom wrong");
await call("getRoom", [longTerm]);
await call("updateRoom", [longTerm, { ...given.long_term, ...given.update, themeId: theme }]);
await call("getRoom", [given.application_id], "getRoom unknown");
for (const displayName of given.names) await meetings.createRoom({ ...given.long_term, displayName, themeId: theme });
await call("getRooms");
await call("getRooms", [{ pageSize: 3 }], "getRooms paged");
await call("getRoomPage", [{ pageSize: 3, startId: 2, endId: 9 }]);
await call("getRoomsForTheme", [theme, { pageSize: 2 }]);
await call("getRoomsForThemePage", [theme, { pageSize: 2 }]);

await call("setDefaultTheme", [theme]);
await call("deleteTheme", [theme], "deleteTheme used");
await call("deleteTheme", [other]);
await call("uploadIcon", [theme, LogoType.COLORED, given.logo]);
await call("getTheme", [theme], "getTheme after uploadIcon");
await call("deleteTheme", [theme, true], "deleteTheme by force");
await call("getThemes", [], "getThemes at last");

await call("getRecording", [given.recording_id]);
await call("getSessionRecordings", [given.session_id]);
await call("deleteRecording", [given.recording_id]);
await call("getRecording", [given.recording_id], "getRecording deleted");
await call("getDialInNumbers");
await call("getRooms", [], "getRooms stranger", client(given.recording_id));

const own = Object.getOwnPropertyNames(Meetings.prototype).filter((key) => !key.startsWith("_") && key !== "constructor");
told["never called"] = own.filter((key) => !made.has(key));
told.version = from(`${name}/package.json`).version;
console.log(JSON.stringify(told));
