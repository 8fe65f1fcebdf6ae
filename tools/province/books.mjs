// What was received and sent, in files that outlive the process: a line is on the disk before anybody is told of it.
import { createHash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { join } from "node:path";

export class Book {
  constructor(folder, name) {
    this.path = join(folder, `${name}.jsonl`);
    this.lines = [];
    if (existsSync(this.path)) {
      // A line that the process died upon was acknowledged to nobody.
      const whole = readFileSync(this.path, "utf8").split("\n").slice(0, -1);
      this.lines = whole.filter(Boolean).map((line) => JSON.parse(line));
    }
    this.file = openSync(this.path, "a");
    if (existsSync(this.path)) {
      const content = readFileSync(this.path, "utf8");
      if (content.length > 0 && !content.endsWith("\n")) writeSync(this.file, "\n");
    }
  }

  write(line) {
    writeSync(this.file, `${JSON.stringify(line)}\n`);
    fsyncSync(this.file);
    this.lines.push(line);
  }

  close() {
    closeSync(this.file);
  }

  // Each message once, in the order in which it first came.
  once() {
    const seen = new Set();
    return this.lines.filter((line) => !seen.has(line.id) && seen.add(line.id));
  }

  // Count and hash by type of a day in China: SHA-256 over the sorted lines `id version`.
  digest(day) {
    const byType = {};
    for (const line of this.once()) {
      if (chinaDay(line.time) === day) (byType[line.type] ??= []).push(`${line.id} ${line.place}\n`);
    }
    return Object.fromEntries(
      Object.entries(byType).map(([type, lines]) => {
        const hash = createHash("sha256");
        for (const line of lines.map((one) => Buffer.from(one)).sort(Buffer.compare)) hash.update(line);
        return [type, { count: lines.length, sha256: hash.digest("hex") }];
      }),
    );
  }
}

function chinaDay(time) {
  return new Date(Date.parse(time) + 8 * 3600 * 1000).toISOString().slice(0, 10);
}
