// Run by Node beside clinical-trial-matching-service: fetches studies by id, page by page, and prints JSON.
const { createRequire } = require("node:module");
const [, , directory, endpoint, ids, pageSize] = process.argv;
const { ClinicalTrialsGovAPI } = createRequire(directory + "/")("clinical-trial-matching-service/dist/clinicaltrialsgov-api");

new ClinicalTrialsGovAPI({ endpoint })
  .fetchStudies(ids.split(","), Number(pageSize))
  .then((studies) => console.log(JSON.stringify(studies)))
  .catch((error) => {
    console.error(String(error));
    process.exit(1);
  });
