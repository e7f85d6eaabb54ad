// Runs after the job's last step. What main.js kept in GITHUB_STATE is here as STATE_<name>.
console.log(`Good-bye, ${process.env.STATE_who}.`);
