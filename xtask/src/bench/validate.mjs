// The peer of `act-host validate`: GitHub's published parser, over all files of a folder.
import fs from "node:fs";
import path from "node:path";
import { NoOperationTraceWriter, convertWorkflowTemplate, parseWorkflow } from "@actions/workflow-parser";

const folder = process.argv[2];
let wrong = 0;
for (const name of fs.readdirSync(folder).sort()) {
  const content = fs.readFileSync(path.join(folder, name), "utf8");
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value);
  const errors = context.errors.getErrors().map((error) => error.message);
  if (errors.length > 0) wrong += 1;
  process.stdout.write(JSON.stringify({ file: name, errors }) + "\n");
}
process.exitCode = wrong > 0 ? 2 : 0;
