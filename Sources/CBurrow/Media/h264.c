#include "cburrow_h264.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <wels/codec_api.h>

struct cburrow_h264_encoder {
  ISVCEncoder *codec;
  int32_t width, height, bit_rate;
  SFrameBSInfo info;
};

struct cburrow_h264_decoder {
  ISVCDecoder *codec;
};

static void fill_parameters(SEncParamExt *p, const cburrow_h264_settings *s) {
  SSpatialLayerConfig *layer = &p->sSpatialLayers[0];
  /* For screens too: the mode for screen content takes four times as long and looks worse at a given rate. */
  p->iUsageType = CAMERA_VIDEO_REAL_TIME;
  p->iPicWidth = layer->iVideoWidth = s->width;
  p->iPicHeight = layer->iVideoHeight = s->height;
  p->iTargetBitrate = layer->iSpatialBitrate = s->bit_rate;
  p->iMaxBitrate = layer->iMaxSpatialBitrate = s->max_bit_rate;
  p->fMaxFrameRate = layer->fFrameRate = s->frame_rate;
  /* The only mode that keeps to the target; with skipping it does even where the coarsest quantiser is too fine. */
  p->iRCMode = RC_BITRATE_MODE;
  p->bEnableFrameSkip = true;
  p->iTemporalLayerNum = s->temporal_layers;
  /* One size an encoder: several have their own key pictures, and may run on their own threads. */
  p->iSpatialLayerNum = 1;
  p->iComplexityMode = LOW_COMPLEXITY;
  /* Key pictures come on request only, and all have the same ids, so a copy of the parameter sets stays right. */
  p->uiIntraPeriod = 0;
  p->eSpsPpsIdStrategy = CONSTANT_ID;
  p->iMultipleThreadIdc = 1;
  /* CAVLC and baseline: receivers decode in half the time and without a picture of delay. */
  p->iEntropyCodingModeFlag = 0;
  layer->uiProfileIdc = PRO_BASELINE;
  layer->sSliceArgument.uiSliceMode = SM_SINGLE_SLICE;
  p->iMinQp = s->min_qp;
  p->iMaxQp = s->max_qp;
  p->bEnableLongTermReference = s->long_term_period > 0;
  if (p->bEnableLongTermReference) {
    p->iLTRRefNum = 2;
    p->iLtrMarkPeriod = (unsigned int)s->long_term_period;
  }
  /* Costs as much as encoding does, and loses detail. */
  p->bEnableDenoise = false;
  p->bEnableFrameCroppingFlag = true;
  layer->bVideoSignalTypePresent = true;
  layer->uiVideoFormat = VF_UNDEF;
  layer->bFullRange = s->full_range != 0;
  layer->bColorDescriptionPresent = true;
  layer->uiColorPrimaries = (unsigned char)s->primaries;
  layer->uiTransferCharacteristics = (unsigned char)s->transfer;
  layer->uiColorMatrix = (unsigned char)s->matrix;
}

cburrow_h264_encoder *cburrow_h264_encoder_create(const cburrow_h264_settings *settings) {
  cburrow_h264_encoder *encoder = calloc(1, sizeof *encoder);
  if (encoder == NULL) return NULL;
  encoder->width = settings->width;
  encoder->height = settings->height;
  encoder->bit_rate = settings->bit_rate;
  if (WelsCreateSVCEncoder(&encoder->codec) != 0 || encoder->codec == NULL) {
    free(encoder);
    return NULL;
  }
  /* Before anything else: the library prints to stderr otherwise. */
  int quiet = WELS_LOG_QUIET;
  (*encoder->codec)->SetOption(encoder->codec, ENCODER_OPTION_TRACE_LEVEL, &quiet);
  SEncParamExt parameters;
  memset(&parameters, 0, sizeof parameters);
  int status = (*encoder->codec)->GetDefaultParams(encoder->codec, &parameters);
  if (status == 0) {
    fill_parameters(&parameters, settings);
    status = (*encoder->codec)->InitializeExt(encoder->codec, &parameters);
  }
  if (status == 0) {
    int format = videoFormatI420;
    status = (*encoder->codec)->SetOption(encoder->codec, ENCODER_OPTION_DATAFORMAT, &format);
  }
  if (status == 0) return encoder;
  cburrow_h264_encoder_destroy(encoder);
  return NULL;
}

void cburrow_h264_encoder_destroy(cburrow_h264_encoder *encoder) {
  if (encoder == NULL) return;
  (*encoder->codec)->Uninitialize(encoder->codec);
  WelsDestroySVCEncoder(encoder->codec);
  free(encoder);
}

static size_t layer_size(const SLayerBSInfo *layer) {
  size_t size = 0;
  for (int nal = 0; nal < layer->iNalCount; nal++)
    size += (size_t)layer->pNalLengthInByte[nal];
  return size;
}

static void describe(const SFrameBSInfo *info, cburrow_h264_unit *unit) {
  memset(unit, 0, sizeof *unit);
  unit->is_key = info->eFrameType == videoFrameTypeIDR;
  for (int index = 0; index < info->iLayerNum; index++) {
    const SLayerBSInfo *layer = &info->sLayerInfo[index];
    unit->size += layer_size(layer);
    if (layer->uiLayerType == VIDEO_CODING_LAYER) unit->temporal_id = layer->uiTemporalId;
  }
}

int cburrow_h264_encoder_parameter_sets(cburrow_h264_encoder *encoder, cburrow_h264_unit *unit) {
  memset(&encoder->info, 0, sizeof encoder->info);
  int status = (*encoder->codec)->EncodeParameterSets(encoder->codec, &encoder->info);
  describe(&encoder->info, unit);
  return status;
}

int cburrow_h264_encoder_encode(cburrow_h264_encoder *encoder, const uint8_t *y, const uint8_t *u, const uint8_t *v,
                                int32_t stride_y, int32_t stride_uv, int64_t milliseconds, cburrow_h264_unit *unit) {
  SSourcePicture picture;
  memset(&picture, 0, sizeof picture);
  picture.iColorFormat = videoFormatI420;
  picture.iPicWidth = encoder->width;
  picture.iPicHeight = encoder->height;
  /* The library only reads the planes, its type does not say so. */
  picture.pData[0] = (unsigned char *)y;
  picture.pData[1] = (unsigned char *)u;
  picture.pData[2] = (unsigned char *)v;
  picture.iStride[0] = stride_y;
  picture.iStride[1] = picture.iStride[2] = stride_uv;
  picture.uiTimeStamp = milliseconds;
  encoder->info.iLayerNum = 0;
  encoder->info.eFrameType = videoFrameTypeInvalid;
  int status = (*encoder->codec)->EncodeFrame(encoder->codec, &picture, &encoder->info);
  if (encoder->info.eFrameType == videoFrameTypeSkip || status != 0) encoder->info.iLayerNum = 0;
  describe(&encoder->info, unit);
  return status;
}

void cburrow_h264_encoder_copy(const cburrow_h264_encoder *encoder, uint8_t *out) {
  for (int index = 0; index < encoder->info.iLayerNum; index++) {
    const SLayerBSInfo *layer = &encoder->info.sLayerInfo[index];
    size_t size = layer_size(layer);
    memcpy(out, layer->pBsBuf, size);
    out += size;
  }
}

int cburrow_h264_encoder_force_key(cburrow_h264_encoder *encoder) {
  return (*encoder->codec)->ForceIntraFrame(encoder->codec, true);
}

static int set_rate(cburrow_h264_encoder *encoder, ENCODER_OPTION option, int32_t rate) {
  SBitrateInfo info;
  /* All layers together have a maximum of their own, and it alone would leave that of the only one as it was made. */
  info.iLayer = SPATIAL_LAYER_0;
  info.iBitrate = rate;
  int status = option == ENCODER_OPTION_MAX_BITRATE ? (*encoder->codec)->SetOption(encoder->codec, option, &info) : 0;
  if (status != 0) return status;
  info.iLayer = SPATIAL_LAYER_ALL;
  return (*encoder->codec)->SetOption(encoder->codec, option, &info);
}

int cburrow_h264_encoder_set_bit_rate(cburrow_h264_encoder *encoder, int32_t bit_rate, int32_t max_bit_rate) {
  /* The maximum may at no time be below the target. */
  const int rises = bit_rate > encoder->bit_rate;
  int status = 0;
  if (rises) status = set_rate(encoder, ENCODER_OPTION_MAX_BITRATE, max_bit_rate);
  if (status == 0) status = set_rate(encoder, ENCODER_OPTION_BITRATE, bit_rate);
  if (status == 0 && !rises) status = set_rate(encoder, ENCODER_OPTION_MAX_BITRATE, max_bit_rate);
  if (status == 0) encoder->bit_rate = bit_rate;
  return status;
}

int cburrow_h264_encoder_set_frame_rate(cburrow_h264_encoder *encoder, float frame_rate) {
  return (*encoder->codec)->SetOption(encoder->codec, ENCODER_OPTION_FRAME_RATE, &frame_rate);
}

int cburrow_h264_encoder_recover(cburrow_h264_encoder *encoder, uint32_t idr_id, int32_t last_good, int32_t current) {
  SLTRRecoverRequest request;
  memset(&request, 0, sizeof request);
  request.uiFeedbackType = LTR_RECOVERY_REQUEST;
  request.uiIDRPicId = idr_id;
  request.iLastCorrectFrameNum = last_good;
  request.iCurrentFrameNum = current;
  return (*encoder->codec)->SetOption(encoder->codec, ENCODER_LTR_RECOVERY_REQUEST, &request);
}

int cburrow_h264_encoder_acknowledge(cburrow_h264_encoder *encoder, uint32_t idr_id, int32_t frame_number,
                                     int32_t succeeded) {
  SLTRMarkingFeedback feedback;
  memset(&feedback, 0, sizeof feedback);
  feedback.uiFeedbackType = succeeded ? LTR_MARKING_SUCCESS : LTR_MARKING_FAILED;
  feedback.uiIDRPicId = idr_id;
  feedback.iLTRFrameNum = frame_number;
  return (*encoder->codec)->SetOption(encoder->codec, ENCODER_LTR_MARKING_FEEDBACK, &feedback);
}

cburrow_h264_decoder *cburrow_h264_decoder_create(void) {
  cburrow_h264_decoder *decoder = calloc(1, sizeof *decoder);
  if (decoder == NULL) return NULL;
  if (WelsCreateDecoder(&decoder->codec) != 0 || decoder->codec == NULL) {
    free(decoder);
    return NULL;
  }
  int quiet = WELS_LOG_QUIET;
  (*decoder->codec)->SetOption(decoder->codec, DECODER_OPTION_TRACE_LEVEL, &quiet);
  SDecodingParam parameters;
  memset(&parameters, 0, sizeof parameters);
  parameters.sVideoProperty.size = sizeof parameters.sVideoProperty;
  parameters.sVideoProperty.eVideoBsType = VIDEO_BITSTREAM_AVC;
  parameters.eEcActiveIdc = ERROR_CON_SLICE_MV_COPY_CROSS_IDR_FREEZE_RES_CHANGE;
  parameters.uiTargetDqLayer = UCHAR_MAX;
  if ((*decoder->codec)->Initialize(decoder->codec, &parameters) == 0) return decoder;
  cburrow_h264_decoder_destroy(decoder);
  return NULL;
}

void cburrow_h264_decoder_destroy(cburrow_h264_decoder *decoder) {
  if (decoder == NULL) return;
  (*decoder->codec)->Uninitialize(decoder->codec);
  WelsDestroyDecoder(decoder->codec);
  free(decoder);
}

static void lend(const SBufferInfo *info, unsigned char *const planes[3], cburrow_h264_picture *picture) {
  memset(picture, 0, sizeof *picture);
  const SSysMEMBuffer *buffer = &info->UsrData.sSystemBuffer;
  if (info->iBufferStatus != 1 || planes[0] == NULL || planes[1] == NULL || planes[2] == NULL) return;
  picture->y = planes[0];
  picture->u = planes[1];
  picture->v = planes[2];
  picture->stride_y = buffer->iStride[0];
  picture->stride_uv = buffer->iStride[1];
  picture->width = buffer->iWidth;
  picture->height = buffer->iHeight;
  picture->timestamp = info->uiOutYuvTimeStamp;
}

int cburrow_h264_decoder_decode(cburrow_h264_decoder *decoder, const uint8_t *bytes, size_t size, uint64_t timestamp,
                                cburrow_h264_picture *picture) {
  unsigned char *planes[3] = {NULL, NULL, NULL};
  SBufferInfo info;
  memset(&info, 0, sizeof info);
  memset(picture, 0, sizeof *picture);
  if (size > INT_MAX) return dsInvalidArgument;
  info.uiInBsTimeStamp = timestamp;
  int status = (int)(*decoder->codec)->DecodeFrameNoDelay(decoder->codec, bytes, (int)size, planes, &info);
  lend(&info, planes, picture);
  return status;
}

int cburrow_h264_decoder_flush(cburrow_h264_decoder *decoder, cburrow_h264_picture *picture) {
  unsigned char *planes[3] = {NULL, NULL, NULL};
  SBufferInfo info;
  memset(&info, 0, sizeof info);
  int status = (int)(*decoder->codec)->FlushFrame(decoder->codec, planes, &info);
  lend(&info, planes, picture);
  return status;
}

int32_t cburrow_h264_decoder_waiting(cburrow_h264_decoder *decoder) {
  int count = 0;
  (*decoder->codec)->GetOption(decoder->codec, DECODER_OPTION_NUM_OF_FRAMES_REMAINING_IN_BUFFER, &count);
  return count;
}

static int32_t option(cburrow_h264_decoder *decoder, DECODER_OPTION id) {
  int value = 0;
  (*decoder->codec)->GetOption(decoder->codec, id, &value);
  return value;
}

void cburrow_h264_decoder_position(cburrow_h264_decoder *decoder, cburrow_h264_position *position) {
  position->is_marked = option(decoder, DECODER_OPTION_LTR_MARKING_FLAG);
  position->marked_frame_number = option(decoder, DECODER_OPTION_LTR_MARKED_FRAME_NUM);
  position->frame_number = option(decoder, DECODER_OPTION_FRAME_NUM);
  position->idr_id = option(decoder, DECODER_OPTION_IDR_PIC_ID);
}
