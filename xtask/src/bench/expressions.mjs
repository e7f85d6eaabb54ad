// The peer of `act-host expr --batch`: GitHub's published expression engine, one request a line.
import fs from "node:fs";
import { Evaluator, Lexer, Parser, data } from "@actions/expressions";

const answers = [];
for (const line of fs.readFileSync(0, "utf8").split("\n")) {
  if (line === "") continue;
  const request = JSON.parse(line);
  try {
    const contexts = JSON.parse(JSON.stringify(request.contexts ?? {}), data.reviver);
    const { tokens } = new Lexer(request.expr).lex();
    const tree = new Parser(tokens, Object.keys(request.contexts ?? {}), []).parse();
    const value = new Evaluator(tree, contexts).evaluate();
    answers.push(JSON.stringify({ kind: data.Kind[value.kind], value }, data.replacer));
  } catch (error) {
    answers.push(JSON.stringify({ error: { message: error.message } }));
  }
}
process.stdout.write(answers.join("\n") + "\n");
