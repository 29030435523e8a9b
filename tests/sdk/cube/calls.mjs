// All calls of the JavaScript SDK (npm connectycube) that meetings need: the version that the command line names, from the working
// directory's node_modules.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const from = createRequire(`${process.cwd()}/`);
const [name] = process.argv.slice(2);
const loaded = from(name);
const Cube = loaded.default ?? loaded;
const given = JSON.parse(readFileSync(0, "utf8"));
const told = {};
const made = { auth: new Set(), users: new Set(), meeting: new Set() };
const on = { sessionExpired: (handleResponse) => handleResponse() };

/** A client as somebody's program would configure it: all versions take the same two arguments. */
function configured(credentials) {
  const { host, origin } = new URL(given.address);
  Cube.init({ appId: given.open.application_id, ...credentials }, {
    endpoints: { api: host, api_url: origin, chat: "chat.localhost" },
    debug: { mode: 0 },
    on: { sessionExpired: (...args) => on.sessionExpired(...args) },
  });
}

/** Calls `auth.login`, say; what came back stands under this name, or another. */
async function call(path, args = [], under = path) {
  const [service, method] = path.split(".").slice(-2);
  made[service]?.add(method);
  const target = path.split(".").slice(0, -1).reduce((found, part) => found[part], Cube);
  try {
    told[under] = (await target[method](...args)) ?? null;
  } catch (error) {
    told[under] = error instanceof Error ? { raised: String(error) } : error; // its own form: {code, info}
  }
  return told[under];
}

const password = "s3cret-pw";
const client = ({ application_id: appId, auth_key: authKey, auth_secret: authSecret }) => ({ appId, authKey, authSecret });
const known = client(given.open); // where programs may make users
const ada = { login: `${given.mark}.ada`, email: `${given.mark}.ada@example.org`, password, full_name: "Ada L" };
const bob = { login: `${given.mark}.bob`, password };

// --- Sessions and users

configured({ ...known, authKey: "wrong" });
await call("auth.createSession", [], "wrong key");
configured({ ...known, authSecret: "wrong" });
await call("auth.createSession", [], "wrong secret");
configured(known);
await call("auth.createSession", [], "application");
await call("meeting.get", [], "list without a user");
const adas = await call("users.signup", [ada], "signup");
await call("users.signup", [ada], "signup again");
await call("users.signup", [{ login: "ab", password }], "signup wrong");
await call("auth.login", [{ login: ada.login, password }]);
await call("auth.getSession", [], "logged in");
await call("auth.logout");
await call("auth.getSession", [], "logged out");
configured(known);
const bobs = await call("users.signup", [bob], "signup by key"); // without a session: CB-AuthKey, or nothing
if (!bobs.user) {
  await Cube.createSession();
  await call("users.signup", [bob], "signup by key");
}
configured(known);
await call("auth.createSession", [{ login: ada.login, password: "other" }], "wrong password");
configured(client(given.closed)); // where they may not
await call("auth.createSession", [{ login: bob.login, password }], "unknown user");
await call("users.signup", [bob], "signup forbidden");
configured(known);
await call("auth.createSession", [{ login: `${given.mark}.cleo`, password }], "on the fly");
await call("auth.createSession", [{ guest: "1", full_name: "Visitor One" }], "guest");
await call("auth.createSession", [{ email: ada.email, password }], "by email");
await call("auth.createSession", [{ login: ada.login, password }], "by login");
await call("users.update", [{ full_name: "Ada Lovelace", custom_data: "{}" }]);
await call("users.update", [{ password: "an0ther-pw", old_password: "wrong" }], "password wrong");
await call("users.update", [{ password: "an0ther-pw", old_password: password }], "password");
await call("users.update", [{ password, old_password: "an0ther-pw" }], "password back");
const bobs_id = told["signup by key"].user?.id;
await call("users.getV2", [{ id: { in: [adas.user?.id, bobs_id] }, limit: 10, offset: 0 }]);
await call("users.getV2", [{ login: bob.login }], "users by login");
await call("users.getV2", [{ limit: 10 }], "users without a field");
await call("users.get", [{ login: bob.login }], "users of old");
await call("users.resetPassword", [ada.email]);

// --- Meetings

const plan = { name: "Launch review", start_date: given.starts, end_date: given.starts + 3600 };
const invited = [{ id: bobs_id }, { email: "guest@example.net" }];
await call("meeting.get", [], "no meetings");
await call("meeting.create", [], "create default");
const chosen = { ...plan, attendees: invited, chat: true, scheduled: true, public: false, notify: false };
const zone = { timezone: { offset: 120, name: "Europe/Riga" }, notify_before: { metric: "minutes", value: 10 } };
const id = (await call("meeting.create", [{ ...chosen, ...zone }], "create"))._id;
await call("meeting.create", [{ ...plan, attendees: [{}] }], "create wrong");
await call("meeting.create", [{ ...plan, start_date: given.starts * 1000, end_date: given.starts * 1000 }], "create in ms");
await call("meeting.get", [{ _id: id }], "get one");
await call("meeting.get", [], "list");
await call("meeting.get", [{ scheduled: true, limit: 5, offset: 0 }], "list scheduled");
await call("meeting.get", [{ start_date: { gte: given.starts, lt: given.starts + 1 } }], "list by start");
await call("meeting.get", [{ created_at: { gt: "2020-01-05T09:00:00Z" }, limit: 1 }], "list by creation");
await call("meeting.get", [{ _id: { in: [id, "0".repeat(24)] } }], "list by ids");
await call("meeting.get", [{ _id: "0".repeat(24) }], "get unknown");
await call("meeting.update", [id, { name: "Launch", attendees: [{ id: bobs_id }] }]);
await call("meeting.update", [id, { record: true }], "record");
await call("meeting.update", [id, { record: false }], "record no more");
await call("meeting.update", [id, { record: false }], "record still no more");
await call("meeting.update", [id, { notify_before: { metric: "hours", value: 25 } }], "update wrong");
await call("meeting.getRecordings", [id], "no recordings");
await call("meeting.getRecordings", ["0".repeat(24)], "recordings of nothing");
await call("chat.dialog.list", [], "dialogs");
await call("chat.message.create", [{ chat_dialog_id: told.create.chat_dialog_id, message: "Hello" }], "message");
const history = { chat_dialog_id: told.create.chat_dialog_id, limit: 100, skip: 0, sort_desc: "date_sent" };

// --- Others

await call("auth.createSession", [bob], "as attendee");
await call("meeting.get", [{ _id: id }], "attendee gets");
await call("chat.dialog.subscribe", [told.create.chat_dialog_id], "subscribe");
await call("chat.message.list", [history], "messages");
await call("meeting.get", [{ _id: told["create default"]._id }], "outsider gets");
await call("meeting.update", [id, { name: "stolen" }], "attendee updates");
await call("meeting.delete", [id], "attendee deletes");

// --- A session that is over, and one that another program gives

await call("auth.createSession", [{ login: ada.login, password }], "again");
await fetch(`${given.address}/session`, { method: "DELETE", headers: { "CB-Token": told.again.token } });
on.sessionExpired = (handleResponse) => handleResponse();
await call("meeting.get", [{ _id: id }], "expired");
let renewals = 0;
on.sessionExpired = async (_handleResponse, retry) => {
  renewals += 1;
  retry(await Cube.createSession({ login: ada.login, password }));
};
await call("meeting.get", [{ _id: id }], "renewed");
told.renewals = renewals;
configured({ token: given.token });
await call("meeting.create", [plan], "create by token");
await call("meeting.get", [], "list by token");
configured(known);

// --- Ends

await call("auth.createSession", [{ login: ada.login, password }], "at last");
for (const one of ["create default", "create in ms"]) await call("meeting.delete", [told[one]._id], `delete ${one}`);
await call("meeting.delete", [id]);
await call("meeting.get", [{ _id: id }], "get deleted");
await call("meeting.delete", [id], "delete deleted");
await call("users.delete");
await call("auth.createSession", [{ login: ada.login, password }], "deleted user");
await call("auth.createSession", [bob], "as attendee again");
await call("auth.destroySession");
Cube.setSession({ token: told["as attendee again"].token });
on.sessionExpired = (handleResponse) => handleResponse();
await call("meeting.get", [], "destroyed");

const own = (service) => {
  const names = [...Object.getOwnPropertyNames(Object.getPrototypeOf(Cube[service])), ...Object.keys(Cube[service])];
  return names.filter((key) => typeof Cube[service][key] === "function" && !/^(constructor|generate|setSession|proxy)/.test(key));
};
const missed = (service) => own(service).filter((key) => !made[service].has(key)).map((key) => `${service}.${key}`);
told["never called"] = Object.keys(made).flatMap(missed);
told.version = JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
console.log(JSON.stringify(told));
process.exit(0); // the clients of its chat would keep the process
