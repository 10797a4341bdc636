import type { DatasetImport, ImportedDataset } from '../../src/cli/import/dataset.ts'
import { importDataset } from '../../src/cli/import/dataset.ts'
import type { Progress } from '../../src/cli/progress.ts'
import { Api } from '../../src/client/api.ts'
import type { HttpServer } from './http.ts'

export const SILENT: Progress = { begin() {}, update() {}, end() {} }

/** The organiser's side of a server. */
export function organiser(server: HttpServer): Api {
  return new Api({ baseUrl: server.url, headers: server.admin.headers })
}

/** Imports files into a board of a server of this process. */
export function imported(
  server: HttpServer,
  board: string,
  files: readonly string[],
  part: Partial<DatasetImport> = {},
): Promise<ImportedDataset> {
  const wanted = { board, files, extent: {}, nowMs: server.clock.now(), ...part }
  return importDataset(organiser(server), wanted, SILENT)
}
