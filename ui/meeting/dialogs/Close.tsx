import { t } from '../text/t';

export const Close = ({ close }: { close: () => void }) => (
  <div className="dialog-buttons">
    <button className="button" onClick={close}>
      {t('close')}
    </button>
  </div>
);
