// Translates each line of a file (a CQL library as a JSON string) to ELM and tells what the translator refuses.
// node bench/cql_translate.mjs FILE, run in a directory with the npm packages @cqframework/cql and @lhncbc/ucum-lhc.
import fs from "fs";
import { createRequire } from "module";
import { pathToFileURL } from "url";

const here = createRequire(process.cwd() + "/");
const load = (name) => import(pathToFileURL(here.resolve(name)).href);
const base = process.cwd() + "/node_modules/@cqframework/cql/";
const elm = await import(pathToFileURL(base + "cql-to-elm.mjs").href);
const cql = await import(pathToFileURL(base + "cql.mjs").href);
const ucum = (await load("@lhncbc/ucum-lhc")).default.UcumLhcUtils.getInstance();

const check = (unit) => (ucum.validateUnitString(unit).status === "valid" ? null : `not UCUM: ${unit}`);
let sound = 0;
const refused = [];
for (const line of fs.readFileSync(process.argv[2], "utf8").trim().split("\n")) {
  const models = new elm.ModelManager();
  models.modelInfoLoader.registerModelInfoProvider(new cql.SystemModelInfoProvider());
  const ucum = elm.createUcumService((one) => one, check, (one) => one, (one) => one);
  const text = JSON.parse(line);
  const translated = elm.CqlTranslator.fromText(text, new elm.LibraryManager(models, undefined, undefined, ucum));
  const errors = translated.errors.asJsReadonlyArrayView();
  if (errors.length) refused.push([text.split("\n")[0], String(errors[0].message)]);
  else sound += 1;
}
console.log(JSON.stringify({ sound, refused: refused.length, first: refused.slice(0, 5) }));
