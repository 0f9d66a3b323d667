import { type DragEvent, type ReactNode, useId, useState } from 'react';

export interface DropZoneProps {
  /** The series that ship with the example. */
  samples: readonly { name: string; label: string }[];
  onFile: (file: File) => void;
  onSample: (name: string) => void;
  /** Why the last file was not taken; it names the line. */
  refusal: string | null;
}

/** Takes a file, dropped or chosen, or one of the samples. */
export function DropZone({ samples, onFile, onSample, refusal }: DropZoneProps): ReactNode {
  const id = useId();
  const [isOver, setOver] = useState(false);
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    const file = event.dataTransfer.files[0];
    if (file) onFile(file);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: dropping is a shortcut; the input inside does the same for everyone
    <div
      className={isOver ? 'drop-zone over' : 'drop-zone'}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <div className="choices">
        {samples.map(({ name, label }) => (
          <button type="button" key={name} onClick={() => onSample(name)}>
            {label}
          </button>
        ))}
        <label className="button quiet" htmlFor={id}>
          Choose a CSV …
        </label>
        <input
          id={id}
          className="visually-hidden"
          type="file"
          accept=".csv,.tsv,.txt,text/csv,text/plain"
          onChange={({ target }) => {
            const file = target.files?.[0];
            if (file) onFile(file);
            // So that choosing the same file again, mended, is a change.
            target.value = '';
          }}
        />
      </div>
      <p className="note">or drop one here: a time and a value per line, up to 2 MiB</p>
      {refusal && (
        <p className="refusal" role="alert">
          {refusal}
        </p>
      )}
    </div>
  );
}
