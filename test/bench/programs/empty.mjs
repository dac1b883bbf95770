// What Node itself needs for its start: the first byte that a module can write.
import { writeSync } from 'node:fs';

writeSync(1, '\n');
