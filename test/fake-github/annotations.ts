/** Annotations of check runs: what GitHub takes, and that those of an update join those of before. */
import { z } from "zod";
import { invalid } from "./http-error.ts";

export const annotationBody = z.object({
  path: z.string(),
  start_line: z.number(),
  end_line: z.number(),
  start_column: z.number().optional(),
  end_column: z.number().optional(),
  annotation_level: z.enum(["notice", "warning", "failure"]),
  message: z.string(),
  title: z.string().optional(),
  raw_details: z.string().optional(),
});
export type Annotation = z.infer<typeof annotationBody>;

/** https://docs.github.com/en/rest/checks/runs#create-a-check-run */
const PER_REQUEST_MAX = 50;
const MESSAGE_BYTES_MAX = 64 * 1024;
const TITLE_CHARACTERS_MAX = 255;

/** @throws 422 for too many in one request, and for one that GitHub would not show. */
export function checkAnnotations(annotations: readonly Annotation[]): void {
  if (annotations.length > PER_REQUEST_MAX) {
    throw invalid(`No more than ${PER_REQUEST_MAX} annotations are allowed per request.`);
  }
  for (const one of annotations) {
    if (one.start_line < 1 || one.end_line < one.start_line) throw invalid("Invalid lines of an annotation");
    const columns = [one.start_column, one.end_column].filter((column) => column !== undefined);
    if (columns.length > 0 && one.start_line !== one.end_line) {
      throw invalid("Columns are allowed only where an annotation starts and ends on the same line.");
    }
    if (columns.some((column) => column < 1)) throw invalid("Invalid columns of an annotation");
    for (const text of [one.message, one.raw_details ?? ""]) {
      if (Buffer.byteLength(text) > MESSAGE_BYTES_MAX) throw invalid("An annotation is larger than 64 KB.");
    }
    if ((one.title?.length ?? 0) > TITLE_CHARACTERS_MAX) throw invalid("An annotation's title is too long.");
  }
}
