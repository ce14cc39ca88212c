/**
 * Files that are complete or absent, and messages for errors of the disk. Nothing here loads libtorch.
 */

export { beside, finalName, sweep } from './halfFiles.js';
export { systemCode, systemReason } from './systemErrors.js';
export {
  type Change,
  type Content,
  flush,
  making,
  type Watch,
  type Write,
  writeFlushed,
  writeFolder,
  writeWhole,
} from './wholeFiles.js';
