// An action in plain JavaScript: inputs are variables, outputs and state are lines of files.
const fs = require('node:fs');

const who = process.env.INPUT_WHO;
const text = `${process.env.GREETING ?? 'Hello'}, ${who}!`;

console.log(text);
fs.appendFileSync(process.env.GITHUB_OUTPUT, `text=${text}\n`);
fs.appendFileSync(process.env.GITHUB_STATE, `who=${who}\n`);
